package dev.omnibus.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.StreamSettings.WhenFull;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.Streams.AppendResult;
import dev.omnibus.transport.Streams.Buried;
import dev.omnibus.transport.Streams.Consumer;
import dev.omnibus.transport.Streams.Description;
import dev.omnibus.transport.Streams.TakeOver;
import dev.omnibus.transport.Streams.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What the streams of every transport must do. Run in memory, against Redis and against a cluster. */
abstract class StreamsContract extends SingleConsumersContract {
    @Test
    void whoComesFirstSetsTheSettingsAndAllOthersReadThem() {
        assertEquals(Optional.empty(), streams.describe(keys).join());
        StreamSettings others = new StreamSettings(
                5, 6, Duration.ofDays(7), Optional.of(Duration.ofDays(9)), WhenFull.DROP_OLDEST, Map.of());

        Description first = streams.open(keys, others).join();
        Description second = streams.open(keys, SETTINGS).join();

        assertTrue(first.created());
        assertFalse(second.created());
        assertEquals(others, second.settings());
        assertEquals(first.epoch(), second.epoch());
        assertEquals(Optional.of(second), streams.describe(keys).join());
    }

    @Test
    void settingsAreStoredAsTheyAreWritten() {
        StreamSettings odd = new StreamSettings(
                Long.MAX_VALUE,
                Long.MAX_VALUE,
                Duration.ofNanos(1_500_000),
                Optional.of(Duration.ofDays(Integer.MAX_VALUE)),
                WhenFull.REFUSE,
                Map.of("order", "per key", "empty", ""));
        assertEquals(odd, streams.open(keys, odd).join().settings());
        assertThrows(IllegalArgumentException.class, () -> new Consumer(keys, "g", Streams.NOBODY));
    }

    @Test
    void aStreamThatWasForgottenHasAnotherEpoch() {
        open(SETTINGS);
        String before = epoch;
        fill(3);
        forget();

        assertInstanceOf(AppendResult.OtherEpoch.class, send(4, "e4"));
        open(SETTINGS);
        assertNotEquals(before, epoch);
        assertEquals(new AppendResult.Hole(0), send(4, "e4"));
    }

    @Test
    void whatIsAppendedIsReadInOrder() {
        open(SETTINGS);
        List<StreamId> first = fill(3);
        List<StreamId> second = fill(2);

        assertEquals(
                List.of("e1", "e2", "e3", "e4", "e5"),
                texts(streams.range(keys, StreamId.EARLIEST, 10).join().entries()));
        assertEquals(
                List.of("e3", "e4"),
                texts(streams.range(keys, first.get(1), 2).join().entries()));
        assertEquals(List.of(), streams.range(keys, second.get(1), 10).join().entries());
        assertEquals(List.of(), streams.range(keys, StreamId.LATEST, 10).join().entries());
        assertEquals(
                List.of(first.get(0)),
                ids(streams.range(keys, StreamId.before(first.get(0).time()), 1)
                        .join()
                        .entries()));
    }

    @Test
    void whatIsAppendedIsPublishedAndAnnounced() throws InterruptedException {
        assertHeard(listener -> transport.subscribe(keys.events(), listener));
    }

    final void assertHeard(Function<FrameListener, CompletableFuture<Void>> subscribing) throws InterruptedException {
        LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
        FrameListener listener = new FrameListener() {
            @Override
            public void onFrame(String name, byte[] frame) {
                heard.add(new String(frame, UTF_8));
            }

            @Override
            public void onInterrupted() {}
        };
        subscribing.apply(listener).join();
        transport.subscribe(keys.notices(), listener).join();
        open(SETTINGS);
        for (int count = 1; count <= 2; count++) {
            List<StreamId> ids = fill(count);

            Set<String> both = new HashSet<>(List.of(
                    String.valueOf(heard.poll(10, TimeUnit.SECONDS)),
                    String.valueOf(heard.poll(10, TimeUnit.SECONDS))));
            assertEquals(Set.of("frame", ids.get(count - 1).toString()), both);
        }
    }

    @Test
    void anAppendThatIsRepeatedIsStoredOnce() {
        open(SETTINGS);
        AppendResult.Appended first = assertInstanceOf(AppendResult.Appended.class, send(1, "e1", "e2", "e3"));
        AppendResult.Appended again = assertInstanceOf(AppendResult.Appended.class, send(1, "e1", "e2", "e3"));
        assertEquals(first, again);
        assertEquals(first.idOf(1), again.idOf(1));
        assertEquals(Optional.empty(), again.idOf(4));

        AppendResult.Appended more = assertInstanceOf(AppendResult.Appended.class, send(2, "e2", "e3", "e4", "e5"));
        assertEquals(5, more.last());
        assertEquals(4, more.from());
        assertEquals(Optional.empty(), more.idOf(3));
        assertEquals(
                List.of("e1", "e2", "e3", "e4", "e5"),
                texts(streams.range(keys, StreamId.EARLIEST, 10).join().entries()));
    }

    @Test
    void aHoleIsFoundAndFilledOrAllowed() {
        open(SETTINGS);
        assertEquals(new AppendResult.Hole(0), send(5, "e5"));
        assertEquals(new AppendResult.Hole(0), send(5));
        assertInstanceOf(AppendResult.Appended.class, send(1, "e1", "e2"));
        assertEquals(new AppendResult.Hole(2), send(5, "e5"));

        assertInstanceOf(
                AppendResult.Appended.class,
                streams.append(keys, append(5, true, "e5")).join());
        assertEquals(5, assertInstanceOf(AppendResult.Appended.class, send(6)).last());
        Append repair =
                new Append(epoch, "q", 1, false, true, List.of("r1".getBytes(UTF_8)), new byte[0], Optional.empty());
        streams.append(keys, repair).join();
        List<StreamEntry> all =
                streams.range(keys, StreamId.EARLIEST, 10).join().entries();
        assertEquals(List.of("e1", "e2", "e5", "r1"), texts(all));
        assertEquals(
                List.of(false, false, false, true),
                all.stream().map(StreamEntry::repaired).toList());
    }

    @Test
    void aFullStreamTakesNoMore() {
        openGroup(new StreamSettings(3, 1L << 30, Duration.ZERO, Optional.empty(), WhenFull.REFUSE, Map.of()));
        fill(2);
        assertInstanceOf(AppendResult.Full.class, send(3, "e3", "e4"));
        List<StreamEntry> read = read(a, 10);
        streams.turn(a, ids(read), 0).join();
        streams.trim(keys, Duration.ZERO).join();
        assertInstanceOf(AppendResult.Appended.class, send(3, "e3", "e4"));
    }

    @Test
    void aGroupReadsFromWhereItWasCreated() {
        open(SETTINGS);
        List<StreamId> ids = fill(3);
        assertTrue(streams.createGroup(keys, "g", StreamId.EARLIEST).join());
        assertFalse(streams.createGroup(keys, "g", StreamId.LATEST).join());
        assertTrue(streams.createGroup(keys, "late", StreamId.LATEST).join());
        assertTrue(streams.createGroup(keys, "middle", ids.get(1)).join());
        fill(1);

        assertEquals(List.of("e1", "e2", "e3", "e4"), texts(read(a, 10)));
        assertEquals(List.of("e4"), texts(read(new Consumer(keys, "late", "a"), 10)));
        assertEquals(List.of("e3", "e4"), texts(read(new Consumer(keys, "middle", "a"), 10)));
    }

    @Test
    void consumersOfAGroupShareItsEntriesAndAcknowledgeEachOnce() {
        openGroup(SETTINGS);
        fill(5);
        List<StreamEntry> mine = read(a, 3);
        assertEquals(List.of("e1", "e2", "e3"), texts(mine));
        assertEquals(List.of("e4", "e5"), texts(read(b, 3)));
        assertEquals(List.of(), read(b, 3));

        Turn turn = streams.turn(a, ids(mine), 0).join();
        assertEquals(3, turn.acknowledged());
        assertEquals(0, streams.turn(a, ids(mine), 0).join().acknowledged());
        assertEquals(2, group().pending());
    }

    @Test
    void whereThereIsNoGroupAllSaySo() {
        open(SETTINGS);
        fill(1);
        assertEquals(TransportException.Kind.NO_GROUP, kind(streams.turn(a, List.of(), 1)));
        assertEquals(TransportException.Kind.NO_GROUP, kind(streams.takeOver(a, LEASE, 1, true)));
        assertEquals(TransportException.Kind.NO_GROUP, kind(streams.pending(a, StreamId.EARLIEST, 1)));
        assertTrue(streams.leave(a, false).join());
        assertFalse(streams.dropGroup(keys, "g").join());
    }

    @Test
    void whatWasReadAndNotSeenIsPending() {
        openGroup(SETTINGS);
        fill(5);
        List<StreamEntry> read = read(a, 4);
        streams.turn(a, List.of(read.get(1).id()), 0).join();

        List<StreamEntry> first = streams.pending(a, StreamId.EARLIEST, 2).join();
        assertEquals(List.of("e1", "e3"), texts(first));
        assertEquals(
                List.of("e4"), texts(streams.pending(a, first.get(1).id(), 2).join()));
        assertEquals(
                first,
                withoutBytes(first, streams.pending(a, StreamId.EARLIEST, 2).join()));
        assertEquals(List.of(), streams.pending(b, StreamId.EARLIEST, 2).join());
    }

    /** Bytes are equal only to themselves, so those that were read again are put in their place. */
    private static List<StreamEntry> withoutBytes(List<StreamEntry> original, List<StreamEntry> again) {
        List<StreamEntry> same = new ArrayList<>();
        for (int i = 0; i < again.size(); i++) {
            StreamEntry one = again.get(i);
            assertEquals(text(original.get(i)), text(one));
            same.add(new StreamEntry(one.id(), original.get(i).event(), one.repaired(), one.onlyFor(), one.attempts()));
        }
        return same;
    }

    @Test
    void aSlowConsumerKeepsWhatItHasForAsLongAsItsLeaseStands() {
        openGroup(SETTINGS);
        fill(3);
        assertTrue(takeOver(a).wasGone());
        read(a, 3);
        takeOver(b);
        for (int i = 0; i < 4; i++) {
            pass(LEASE.dividedBy(3));
            takeOver(b);
            if (i == 1) {
                assertFalse(takeOver(a).wasGone());
            }
        }

        TakeOver nothing = takeOver(b);
        assertEquals(List.of(), nothing.entries());
        assertEquals(Set.of(), nothing.removed());
        assertFalse(takeOver(a).wasGone());
        assertEquals(3, streams.pending(a, StreamId.EARLIEST, 10).join().size());
    }

    @Test
    void whatADeadConsumerHadIsTakenOverAsSuspectsAndItsNameIsGone() {
        openGroup(SETTINGS);
        fill(3);
        takeOver(a);
        read(a, 3);
        outlive(b);

        TakeOver part = streams.takeOver(b, LEASE, 2, true).join();
        assertEquals(List.of("e1", "e2"), texts(part.entries()));
        assertTrue(part.more());
        assertEquals(Set.of(), part.removed());
        assertEquals(new Attempts(true, 0, 0), part.entries().get(0).attempts());
        assertTrue(group().consumers().containsKey("a"));

        TakeOver rest = takeOver(b);
        assertEquals(List.of("e3"), texts(rest.entries()));
        assertFalse(rest.more());
        assertEquals(Set.of("a"), rest.removed());
        assertEquals(Map.of("b", true), group().consumers());
        assertEquals(3, streams.pending(b, StreamId.EARLIEST, 10).join().size());
    }

    @Test
    void whereNobodyCouldRenewWhoIsAliveHasOneLeaseMore() {
        openGroup(SETTINGS);
        fill(3);
        takeOver(a);
        read(a, 3);
        pass(LEASE.plusSeconds(1)); // Redis was away, or there was nobody

        TakeOver first = takeOver(b);
        assertEquals(List.of(), first.entries());
        assertEquals(Set.of(), first.removed());
        pass(LEASE.dividedBy(3));
        assertFalse(takeOver(a).wasGone()); // it is alive, and keeps what it has
        outlive(b);
        assertEquals(List.of("e1", "e2", "e3"), texts(takeOver(b).entries())); // now it is dead
    }

    @Test
    void whoIsDeadIsSoAlsoToOneThatIsSlowItself() {
        openGroup(SETTINGS);
        fill(3);
        takeOver(a);
        read(a, 3);
        Duration late = LEASE.multipliedBy(2).dividedBy(3).plusSeconds(1);
        takeOver(b);
        for (int i = 0; i < 3; i++) { // one lease more, and not for ever
            pass(late);
            takeOver(b);
        }
        assertEquals(3, streams.pending(b, StreamId.EARLIEST, 10).join().size());
    }

    @Test
    void aConsumerThatComesBackLearnsThatItWasGone() {
        openGroup(SETTINGS);
        fill(3);
        takeOver(a);
        read(a, 3);
        outlive(b);
        streams.takeOver(b, LEASE, 2, true).join();

        assertTrue(takeOver(a).wasGone());
        assertEquals(
                List.of("e3"), texts(streams.pending(a, StreamId.EARLIEST, 10).join()));
        assertFalse(takeOver(a).wasGone());
    }

    @Test
    void aConsumerThatWasLateIsNotGoneAsLongAsNobodyTookAnything() {
        openGroup(SETTINGS);
        fill(1);
        takeOver(a);
        read(a, 1);
        outlive(b);
        assertTrue(streams.takeOver(b, LEASE, 0, true).join().more());
        assertFalse(takeOver(a).wasGone());
    }

    @Test
    void aStaleOwnerChangesNothing() {
        openGroup(SETTINGS);
        StreamId id = fill(1).get(0);
        takeOver(a);
        read(a, 1);
        outlive(b);
        takeOver(b);

        Attempts other = new Attempts(false, 0, 4);
        assertFalse(streams.attempted(a, id, other).join());
        assertFalse(streams.release(a, id, other, Duration.ZERO).join());
        assertEquals(Buried.NOT_OWNER, streams.bury(a, id, other, "no").join());
        assertEquals(
                List.of(new Attempts(true, 0, 0)),
                streams.pending(b, StreamId.EARLIEST, 10).join().stream()
                        .map(StreamEntry::attempts)
                        .toList());
    }

    @Test
    void attemptsStayWithAnEntryWhoeverHasIt() {
        openGroup(SETTINGS);
        StreamId id = fill(1).get(0);
        takeOver(a);
        assertEquals(Attempts.NONE, read(a, 1).get(0).attempts());
        assertTrue(streams.attempted(a, id, Attempts.NONE.ran()).join());
        Attempts ran = streams.pending(a, StreamId.EARLIEST, 1).join().get(0).attempts();
        assertEquals(new Attempts(false, 0, 0, true), ran);
        assertTrue(streams.attempted(a, id, Attempts.NONE.failed().failed()).join());
        outlive(b);

        StreamEntry suspect = takeOver(b).entries().get(0);
        assertEquals(new Attempts(true, 0, 2), suspect.attempts());
        assertTrue(streams.attempted(b, id, suspect.attempts().started()).join());
        outlive(a);
        assertEquals(new Attempts(true, 1, 2), takeOver(a).entries().get(0).attempts());
    }

    @Test
    void whatIsReleasedIsTakenByAnyoneWhenItIsDue() {
        openGroup(SETTINGS);
        List<StreamId> ids = fill(2);
        takeOver(a);
        read(a, 2);
        Attempts failed = Attempts.NONE.failed();
        assertTrue(streams.release(a, ids.get(0), failed, Duration.ZERO).join());
        assertTrue(streams.release(a, ids.get(1), failed, Duration.ofMinutes(1)).join());
        assertFalse(
                streams.release(a, ids.get(1), failed, Duration.ofMinutes(1)).join());
        StreamStatus.Group status = group();
        assertEquals(2, status.released());
        assertEquals(Optional.of(ids.get(0)), status.oldest());

        TakeOver first = takeOver(b);
        assertEquals(List.of("e1"), texts(first.entries()));
        assertEquals(failed, first.entries().get(0).attempts());
        assertEquals(List.of(), takeOver(b).entries());
        pass(Duration.ofSeconds(61));
        assertEquals(
                List.of("e2"),
                texts(streams.takeOver(b, LEASE, 10, true).join().entries().stream()
                        .filter(entry -> entry.id().equals(ids.get(1)))
                        .toList()));
        assertEquals(2, streams.turn(b, ids, 0).join().acknowledged());
    }

    @Test
    void whoLeavesLeavesItsEntriesToTheOthersAtOnce() {
        openGroup(SETTINGS);
        fill(2);
        takeOver(a);
        takeOver(b);
        read(a, 2);
        assertTrue(streams.leave(a, false).join());
        assertTrue(streams.leave(a, false).join());

        TakeOver taken = takeOver(b);
        assertEquals(List.of("e1", "e2"), texts(taken.entries()));
        assertEquals(Attempts.NONE, taken.entries().get(0).attempts());
        assertEquals(Map.of("b", true), group().consumers());
    }

    @Test
    void aDeadLetterIsListedAndRedeliveredToItsGroupOnly() {
        openGroup(SETTINGS);
        streams.createGroup(keys, "other", StreamId.EARLIEST).join();
        List<StreamId> ids = fill(2);
        takeOver(a);
        read(a, 2);
        Attempts attempts = new Attempts(true, 2, 3);
        for (StreamId id : ids) {
            assertEquals(
                    Buried.DONE, streams.bury(a, id, attempts, "no such sku").join());
        }
        assertEquals(
                Buried.NOT_OWNER, streams.bury(a, ids.get(0), attempts, "again").join());

        List<Streams.DeadLetter> dead =
                streams.deadLetters(keys, "g", StreamId.EARLIEST, 10).join();
        assertEquals(2, dead.size());
        assertEquals(ids.get(0), dead.get(0).entry());
        assertEquals("no such sku", dead.get(0).reason());
        assertEquals(attempts, dead.get(0).attempts());
        assertEquals(
                List.of(dead.get(1).id()),
                streams.deadLetters(keys, "g", dead.get(0).id(), 10).join().stream()
                        .map(Streams.DeadLetter::id)
                        .toList());

        assertTrue(streams.redeliver(keys, "g", dead.get(0).id()).join());
        assertFalse(streams.redeliver(keys, "g", dead.get(0).id()).join());
        assertTrue(streams.discard(keys, "g", dead.get(1).id()).join());
        assertFalse(streams.discard(keys, "g", dead.get(1).id()).join());
        StreamEntry again = read(a, 10).get(0);
        assertEquals("e1", text(again));
        assertTrue(again.repaired());
        assertEquals(Optional.of("g"), again.onlyFor());
        assertEquals(3, read(new Consumer(keys, "other", "x"), 10).size());
    }

    @Test
    void theStatusTellsWhoHoldsUpWhat() {
        openGroup(SETTINGS);
        List<StreamId> ids = fill(10);
        takeOver(a);
        read(a, 4);
        streams.turn(a, ids.subList(1, 3), 0).join();

        StreamStatus status = streams.status(keys).join();
        assertEquals(10, status.entries());
        assertTrue(status.bytes() > 0);
        assertEquals(1_000_000, status.fullAt());
        assertEquals(Optional.of(ids.get(0)), status.first());
        assertEquals(ids.get(9), status.last());
        assertTrue(status.time() >= ids.get(9).millis());
        assertTrue(status.atomic());
        assertEquals(
                new StreamStatus.Group(OptionalLong.of(6), 2, 0, Optional.of(ids.get(0)), 0, Map.of("a", true)),
                status.groups().get("g"));
        pass(LEASE.plusSeconds(1));
        assertEquals(Map.of("a", false), group().consumers());
    }

    @Test
    void aGroupThatIsDroppedHoldsNothingUp() {
        openGroup(SETTINGS);
        List<StreamId> ids = fill(3);
        streams.createGroup(keys, "other", StreamId.LATEST).join();
        takeOver(a);
        read(a, 2);
        streams.release(a, ids.get(0), Attempts.NONE, Duration.ofHours(1)).join();
        streams.bury(a, ids.get(1), Attempts.NONE, "why").join();
        assertTrue(streams.dropGroup(keys, "g").join());
        assertFalse(streams.dropGroup(keys, "g").join());

        assertEquals(3, streams.trim(keys, Duration.ZERO).join().removed());
        assertEquals(Set.of("other"), streams.status(keys).join().groups().keySet());
        assertEquals(
                List.of(), streams.deadLetters(keys, "g", StreamId.EARLIEST, 10).join());
    }

    @Test
    void aStreamThatIsNotThereIsEmpty() {
        StreamStatus status = streams.status(keys).join();
        assertEquals(0, status.entries());
        assertEquals(Optional.empty(), status.first());
        assertEquals(StreamId.EARLIEST, status.last());
        assertEquals(Map.of(), status.groups());
        assertFalse(streams.trim(keys, Duration.ZERO).join().ran());
        assertEquals(
                List.of(), streams.range(keys, StreamId.EARLIEST, 10).join().entries());
        assertInstanceOf(AppendResult.OtherEpoch.class, send(1, "e1"));
    }

    @Test
    void whatIsAskedAfterTheEndFails() {
        Streams other = transport.streams();
        other.close();
        assertThrows(CompletionException.class, () -> other.status(keys).join());
        other.close();
        assertEquals(0, streams.status(keys).join().entries());
    }

    @Test
    void whatWasThereWhenTheHistoryBecameAnotherOneIsDoubtedByAllWhoComeLater() {
        assertEquals(StreamId.EARLIEST, streams.doubted(keys, "h0", true).join()); // it is not open
        open(SETTINGS);
        assertEquals(StreamId.EARLIEST, streams.doubted(keys, "h1", false).join());
        List<StreamId> ids = fill(2);
        assertEquals(StreamId.EARLIEST, streams.doubted(keys, "h1", false).join());
        assertEquals(ids.get(1), streams.doubted(keys, "h2", false).join());
        fill(1);
        assertEquals(ids.get(1), streams.doubted(keys, "h2", true).join());
    }
}
