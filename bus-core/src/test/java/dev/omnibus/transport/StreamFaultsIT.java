package dev.omnibus.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.Streams.AppendResult;
import dev.omnibus.transport.Streams.Buried;
import dev.omnibus.transport.Streams.Consumer;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Bad days of streams in Redis: what it refuses, forgets, and does not answer. */
class StreamFaultsIT extends StreamsFixture {

    private final RedisServer redis = RedisServer.start();

    @Override
    @AfterAll
    void closeStreams() {
        super.closeStreams();
        redis.close();
    }

    @AfterEach
    void allowEverythingAgain() {
        redis.command("CONFIG", "SET", "maxmemory", "0");
        redis.command("REPLICAOF", "NO", "ONE");
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }

    @Override
    void pass(Duration time) {
        RedisStreamsIT.pass(redis, keys, time);
    }

    @Override
    void forget() {
        redis.command("FLUSHALL");
    }

    private Transport connectAs(String user, String... rights) {
        List<String> rules = new ArrayList<>(List.of("ACL", "SETUSER", user, "reset", "on", ">pw", "~*", "&*"));
        rules.addAll(List.of(rights));
        redis.command(rules.toArray(String[]::new));
        return RedissonTransport.connect("redis://" + user + ":pw@127.0.0.1:" + redis.port());
    }

    @Test
    void somethingElseUnderTheNameIsToldApart() {
        open(SETTINGS);
        redis.command("SET", keys.log(), "no stream");
        assertEquals(Kind.WRONG_TYPE, kind(streams.append(keys, append(1, false, "e1"))));
        assertEquals(Kind.WRONG_TYPE, kind(streams.createGroup(keys, "g", StreamId.EARLIEST)));
        assertEquals(Kind.WRONG_TYPE, kind(streams.turn(a, List.of(), 1)));
        assertEquals(Kind.WRONG_TYPE, kind(streams.range(keys, StreamId.EARLIEST, 1)));
        assertEquals(Kind.WRONG_TYPE, kind(streams.takeOver(a, LEASE, 1, true)));
        assertEquals(Kind.WRONG_TYPE, kind(streams.trim(keys, Duration.ZERO)));
        assertEquals(Kind.WRONG_TYPE, kind(streams.status(keys)));
        redis.command("DEL", keys.description());
        redis.command("SET", keys.description(), "no hash");
        assertEquals(Kind.WRONG_TYPE, kind(streams.open(keys, SETTINGS)));
        redis.command("DEL", keys.description());
        redis.command("HSET", keys.description(), "epoch", "e", "maxEntries", "many");
        assertEquals(Kind.WRONG_TYPE, kind(streams.describe(keys)));
        assertEquals(Kind.WRONG_TYPE, kind(streams.open(keys, SETTINGS)));
    }

    @Test
    void aFullMemoryRefusesWhatMakesSomethingNewAndNothingElse() {
        openGroup(SETTINGS);
        List<StreamId> ids = fill(5);
        takeOver(a);
        read(a, 4);
        redis.command("CONFIG", "SET", "maxmemory", "1000");

        assertEquals(Kind.OUT_OF_MEMORY, kind(streams.append(keys, append(6, false, "e6"))));
        assertEquals(Kind.OUT_OF_MEMORY, kind(streams.createGroup(keys, "new", StreamId.EARLIEST)));
        assertEquals(Kind.OUT_OF_MEMORY, kind(streams.savePosition(keys, "f", ids.get(0))));
        assertFalse(streams.open(keys, SETTINGS).join().created());
        assertFalse(streams.createGroup(keys, "g", StreamId.EARLIEST).join());
        assertEquals(1, streams.turn(a, List.of(ids.get(0)), 1).join().acknowledged());
        assertTrue(streams.attempted(a, ids.get(1), Attempts.NONE.failed()).join());
        assertTrue(streams.release(a, ids.get(1), Attempts.NONE, Duration.ZERO).join());
        assertEquals(
                Buried.DONE, streams.bury(a, ids.get(2), Attempts.NONE, "why").join());
        assertEquals(List.of("e2"), texts(takeOver(b).entries()));
        assertEquals(1, streams.trim(keys, Duration.ZERO).join().removed());
        assertEquals(4, streams.status(keys).join().entries());
    }

    @Test
    void aReplicaIsNotReady() {
        openGroup(SETTINGS);
        redis.command("REPLICAOF", "127.0.0.1", "1");
        assertEquals(Kind.NOT_READY, kind(streams.append(keys, append(1, false, "e1"))));
        assertEquals(Kind.NOT_READY, kind(streams.takeOver(a, LEASE, 1, true)));
        assertEquals(Kind.NOT_READY, kind(streams.turn(a, List.of(new StreamId(1, 1)), 1)));
        redis.command("REPLICAOF", "NO", "ONE");
        fill(1);
    }

    @Test
    void whoMayNotIsTold() {
        open(SETTINGS);
        try (Transport limited = connectAs("limited", "+@all", "-xadd");
                Streams theirs = limited.streams()) {
            assertEquals(Kind.NOT_ALLOWED, kind(theirs.append(keys, append(1, false, "e1"))));
        }
        try (Transport limited = connectAs("elsewhere", "+@all", "resetkeys", "~other*");
                Streams theirs = limited.streams()) {
            assertEquals(Kind.NOT_ALLOWED, kind(theirs.append(keys, append(1, false, "e1"))));
            assertEquals(Kind.NOT_ALLOWED, kind(theirs.range(keys, StreamId.EARLIEST, 1)));
        }
        try (Transport limited = connectAs("silent", "+@all", "-publish");
                Streams theirs = limited.streams()) {
            theirs.append(keys, append(1, false, "e1")).join();
            assertEquals(1, streams.status(keys).join().entries());
        }
    }

    @Test
    void whoMayNotRunScriptsAppendsPlainlyAndTheStatusSaysSo() {
        try (Transport limited = connectAs("plain", "+@all", "-@scripting");
                Streams theirs = limited.streams()) {
            Streams.Description opened = theirs.open(keys, SETTINGS).join();
            assertTrue(opened.created());
            assertEquals(SETTINGS, opened.settings());
            assertFalse(theirs.open(keys, SETTINGS).join().created());
            open(SETTINGS);
            assertEquals(opened.epoch(), epoch);
            assertTrue(theirs.createGroup(keys, "g", StreamId.EARLIEST).join());
            Append two = append(1, false, "e1", "e2");
            AppendResult.Appended done = assertInstanceOf(
                    AppendResult.Appended.class, theirs.append(keys, two).join());
            assertEquals(2, done.last());
            List<StreamEntry> stored = theirs.turn(a, List.of(), 10).join().entries();
            assertEquals(List.of("e1", "e2"), texts(stored));
            assertEquals(
                    ids(stored),
                    List.of(done.idOf(1).orElseThrow(), done.idOf(2).orElseThrow()));
            assertEquals(Kind.NOT_ALLOWED, kind(theirs.takeOver(a, LEASE, 1, true)));
            assertEquals(Kind.NOT_ALLOWED, kind(theirs.trim(keys, Duration.ZERO)));

            StreamStatus status = theirs.status(keys).join();
            assertFalse(status.atomic());
            assertEquals(2, status.entries());
            assertEquals(2, Objects.requireNonNull(status.groups().get("g")).pending());
            assertEquals(done.id(), Optional.of(status.last()));
            assertInstanceOf(
                    AppendResult.Appended.class,
                    theirs.append(keys, appendWithIds("q", 1, "a", "a")).join()); // weaker, and the status says so
            assertEquals(4, streams.status(keys).join().entries());
            redis.command("HSET", keys.description(), "limit", "5");
            assertInstanceOf(AppendResult.Full.class, theirs.append(keys, two).join());
            redis.command("HSET", keys.description(), "epoch", "other");
            assertInstanceOf(
                    AppendResult.OtherEpoch.class, theirs.append(keys, two).join());
        }
    }

    @Test
    void scriptsThatRedisHasForgottenAreSentAgain() {
        openGroup(SETTINGS);
        fill(1);
        takeOver(a);
        redis.command("SCRIPT", "FLUSH");
        fill(1);
        takeOver(a);
        assertEquals(2, read(a, 10).size());
    }

    @Test
    void anEmptiedRedisIsToldToEveryone() {
        openGroup(SETTINGS);
        fill(2);
        takeOver(a);
        forget();
        assertInstanceOf(AppendResult.OtherEpoch.class, send(3, "e3"));
        assertEquals(Kind.NO_GROUP, kind(streams.turn(a, List.of(), 1)));
        assertEquals(Kind.NO_GROUP, kind(streams.takeOver(a, LEASE, 1, true)));
        assertEquals(Optional.empty(), streams.describe(keys).join());
    }

    @Test
    void anAppendIsStoredOnceHoweverOftenItsConnectionIsKilled() {
        open(SETTINGS);
        List<String> expected = new ArrayList<>();
        for (int first = 1; first < 200; first += 4) {
            String[] events = {"e" + first, "e" + (first + 1), "e" + (first + 2), "e" + (first + 3)};
            Append append = append(first, false, events);
            expected.addAll(List.of(events));
            AtomicBoolean kill = new AtomicBoolean(first % 20 == 1);
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> isDone(append, kill.getAndSet(false)));
        }
        assertEquals(
                expected,
                texts(streams.range(keys, StreamId.EARLIEST, 1_000).join().entries()));
    }

    private boolean isDone(Append append, boolean kill) {
        CompletableFuture<AppendResult> result = streams.append(keys, append);
        if (kill) {
            killConnections();
        }
        return succeeds(result) && result.join() instanceof AppendResult.Appended;
    }

    @Test
    void whatWasReadAndNotSeenIsFoundAmongWhatIsPending() {
        openGroup(SETTINGS);
        List<StreamId> ids = fill(60);
        takeOver(a);
        Set<StreamId> seen = new TreeSet<>();
        boolean lost = false;
        for (int round = 1; seen.size() < ids.size(); round++) {
            CompletableFuture<List<StreamEntry>> read = lost
                    ? streams.pending(a, StreamId.EARLIEST, 512)
                    : streams.turn(a, List.of(), 5).thenApply(Streams.Turn::entries);
            if (round % 4 == 0) {
                killConnections();
            }
            lost = !succeeds(read);
            if (!lost) {
                read.join().forEach(entry -> seen.add(entry.id()));
            }
        }
        assertEquals(new TreeSet<>(ids), seen);
    }

    private void killConnections() {
        redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    }

    /** Else the connection was lost. */
    private static boolean succeeds(CompletableFuture<?> asked) {
        try {
            asked.join();
            return true;
        } catch (CompletionException e) {
            assertEquals(
                    Kind.CONNECTION_LOST,
                    assertInstanceOf(TransportException.class, e.getCause()).kind());
            return false;
        }
    }

    @Test
    void streamsGoOnWhenTheTransportConnectsAnewAndShareOneConnection() {
        transport.reconnect().join(); // other tests have killed connections
        openGroup(SETTINGS);
        fill(1);
        long before = connections();
        try (Streams more = transport.streams()) {
            assertEquals(1, more.status(keys).join().entries());
            assertEquals(before, connections());
        }
        await().until(() -> connections() == before);
        transport.reconnect().join();
        fill(1);
        assertEquals(List.of("e1", "e2"), texts(read(a, 10)));
        await().until(() -> connections() == before);
    }

    @Test
    void whatIsOpenedWhileRedisIsAwayStandsWhenItIsBack() {
        try (RedisServer own = RedisServer.start();
                Transport early = RedissonTransport.connect(own.url())) {
            own.kill();
            try (Streams opened = early.streams()) {
                assertFalse(succeeds(opened.describe(keys)));
                own.restart();
                await().until(() -> succeeds(opened.describe(keys)));
            }
        }
    }

    @Test
    void whereRedisRefusesTheConnectionOpeningSaysSo() {
        try (RedisServer own = RedisServer.start();
                Transport early = RedissonTransport.connect(own.url())) {
            own.command("CONFIG", "SET", "requirepass", "another");
            TransportException refused = assertThrows(TransportException.class, early::streams);
            assertEquals(TransportException.Kind.REFUSED, refused.kind());
        }
    }

    private long connections() {
        return String.valueOf(redis.command("CLIENT", "LIST")).lines().count();
    }

    @Test
    void aDeadLetterForWhichThereIsNoRoomStaysPending() {
        openGroup(SETTINGS);
        StreamId id = fill(1).get(0);
        read(a, 1);
        String fill = "for i = 1, " + Streams.MAX_DEAD_LETTERS + " do redis.call('XADD', KEYS[1], '*', 'e', i) end";
        redis.command("EVAL", fill, "1", keys.deadLetters("g"));
        Attempts ran = Attempts.NONE.ran();
        assertEquals(Buried.FULL, streams.bury(a, id, ran, "why").join());
        List<StreamEntry> pending = streams.pending(a, StreamId.EARLIEST, 1).join();
        assertEquals(List.of(ran), pending.stream().map(StreamEntry::attempts).toList());
        redis.command("DEL", keys.deadLetters("g"));
        assertEquals(Buried.DONE, streams.bury(a, id, Attempts.NONE, "why").join());
    }

    @Test
    void largeEntriesComeFewAtATime() {
        openGroup(SETTINGS);
        takeOver(a);
        takeOver(b);
        String large = "x".repeat(400_000);
        for (int i = 1; i <= 5; i++) {
            send(i, large);
        }
        read(a, 5);
        assertEquals(2, streams.pending(a, StreamId.EARLIEST, 10).join().size());
        streams.leave(a, false).join();
        Streams.TakeOver taken = takeOver(b);
        assertEquals(3, taken.entries().size());
        assertTrue(taken.more());
        assertEquals(2, takeOver(b).entries().size());
    }

    @Test
    void anEntryWithoutOurFieldIsHandedOverAsNothing() {
        openGroup(SETTINGS);
        redis.command("XADD", keys.log(), "*", "other", "x");
        StreamEntry foreign = read(a, 1).get(0);
        assertEquals("nothing", text(foreign));
        assertEquals(
                "nothing", text(streams.pending(a, StreamId.EARLIEST, 1).join().get(0)));
        assertEquals(
                Buried.DONE,
                streams.bury(a, foreign.id(), Attempts.NONE, "no event").join());
        Streams.DeadLetter letter =
                streams.deadLetters(keys, "g", StreamId.EARLIEST, 1).join().get(0);
        assertEquals(null, letter.event());
        assertTrue(streams.redeliver(keys, "g", letter.id()).join());
        assertEquals("nothing", text(read(a, 1).get(0)));
    }

    @Test
    void whatSomebodyHasTrimmedByHandIsLeftOutAndNotPendingAnyMore() {
        openGroup(SETTINGS);
        List<StreamId> ids = fill(3);
        takeOver(a);
        read(a, 3);
        redis.command("XDEL", keys.log(), ids.get(0).toString(), ids.get(2).toString());
        assertEquals(
                List.of("e2"), texts(streams.pending(a, StreamId.EARLIEST, 10).join()));
        assertEquals(1, group().pending());
        redis.command("XDEL", keys.log(), ids.get(1).toString());
        assertFalse(streams.attempted(a, ids.get(1), Attempts.NONE).join());
        assertEquals(0, group().pending());
    }

    @Test
    void listsThatAreLostAloneAreNoDeathAndLoseNothing() {
        openGroup(SETTINGS);
        List<StreamId> ids = fill(2);
        takeOver(a);
        takeOver(b);
        read(a, 2);
        streams.release(a, ids.get(0), Attempts.NONE, Duration.ofHours(1)).join();
        redis.command("DEL", keys.leases("g"), keys.released("g"));

        assertEquals(List.of("e1"), texts(takeOver(b).entries()));
        assertEquals(List.of(), takeOver(b).entries());
        assertEquals(
                List.of("e2"), texts(streams.pending(a, StreamId.EARLIEST, 10).join()));
        pass(Duration.ofSeconds(11));
        assertEquals(List.of("e2"), texts(takeOver(b).entries()));
    }

    @Test
    void positionsAreComparedExactlyHoweverLongTheyAre() {
        openGroup(SETTINGS);
        Consumer x = new Consumer(keys, "h", "x");
        streams.createGroup(keys, "h", StreamId.EARLIEST).join();
        StreamId first = StreamId.parse("9007199254740992-9007199254740993");
        StreamId second = StreamId.parse("9007199254740993-9007199254740992");
        StreamId third = StreamId.parse("9007199254740993-9007199254740993");
        for (StreamId id : List.of(first, second, third)) {
            redis.command("XADD", keys.log(), id.toString(), "e", "x");
        }
        assertEquals(List.of(first, second, third), ids(read(a, 10)));
        read(x, 10);
        streams.turn(a, List.of(first, second, third), 0).join();
        streams.turn(x, List.of(first, third), 0).join();
        assertEquals(1, streams.trim(keys, Duration.ZERO).join().removed());
        assertEquals(
                List.of(second, third),
                ids(streams.range(keys, StreamId.EARLIEST, 10).join().entries()));
    }

    @Test
    void twoWhoTrimAtOnceRemoveNothingTwice() {
        openGroup(SETTINGS);
        List<StreamId> ids = fill(500);
        read(a, 500);
        streams.turn(a, ids, 0).join();
        try (Transport other = connect();
                Streams theirs = other.streams()) {
            var mine = streams.trim(keys, Duration.ofMinutes(1));
            var yours = theirs.trim(keys, Duration.ofMinutes(1));
            assertEquals(500, mine.join().removed() + yours.join().removed());
            assertTrue(mine.join().ran() ^ yours.join().ran());
        }
    }

    @Test
    void theServerSaysHowWellItKeepsWhatItIsGiven() {
        StreamServer server = streams.server(keys).join();
        assertEquals(Optional.of("noeviction"), server.evictionPolicy());
        assertEquals(0, server.replicas().orElseThrow());
        assertEquals(0, server.maxMemory().orElseThrow());
        assertTrue(server.usedMemory().orElseThrow() > 100_000);
        assertEquals(List.of(), server.risks());
        assertTrue(server.history().isPresent());
        try (Transport limited = connectAs("uninformed", "+@all", "-info");
                Streams theirs = limited.streams()) {
            assertEquals(Optional.empty(), theirs.server(keys).join().evictionPolicy());
        }
    }

    @Test
    void aThreadThatMustNotWaitMayNotOpenStreams() {
        CompletableFuture<Streams> refused = new CompletableFuture<>();
        transport.together(() -> {
            try {
                refused.complete(transport.streams());
            } catch (IllegalStateException e) {
                refused.completeExceptionally(e);
            }
        });
        assertInstanceOf(
                IllegalStateException.class,
                assertThrows(CompletionException.class, refused::join).getCause());
    }
}
