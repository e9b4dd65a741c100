package dev.omnibus.internal.channel;

import static dev.omnibus.internal.channel.Notes.message;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.channel.Notes.Outcome;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several servers, one of which does not answer, on a transport that completes when the test says so. */
class RouteTest {

    private static final Duration HEARTBEAT = Duration.ofMillis(100);

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HandTransport transport = new HandTransport();
    private final Notes.Listener listener = new Notes.Listener();

    RouteTest() {
        transport.onPublish = publication -> {
            if (publication.channel().startsWith("frozen")) {
                transport.held.add(publication);
            } else {
                publication.outcome().published(1, 0);
            }
        };
        transport.routes = channel -> channel.startsWith("frozen") ? "frozen" : "healthy";
    }

    @AfterEach
    void end() {
        executor.shutdownNow();
    }

    private Channels open(long outboundBytes, Duration wait) {
        Channels.Limits limits = Notes.limits(HEARTBEAT, outboundBytes, wait, Duration.ZERO);
        return Channels.open(transport, "here", new ChannelNames("bus"), limits, executor, Notes.TIMER, listener);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 20, 300})
    void aServerThatDoesNotAnswerHoldsUpNobodyElse(int topics) throws Exception {
        assertOthersGo(topics);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 20, 300})
    void whereNothingIsKnownOfServersNoChannelHoldsUpAnother(int topics) throws Exception {
        transport.routes = channel -> channel;
        assertOthersGo(topics);
    }

    private void assertOthersGo(int topics) throws Exception {
        try (Channels channels = open(1 << 20, Duration.ZERO)) {
            IntStream.range(0, topics).forEach(i -> send(channels, "frozen" + i, 10));
            int beats = transport.beats.get();
            for (int i = 0; i < 100; i++) {
                assertEquals(1, send(channels, "other", 10).receivers.get(10, SECONDS));
            }
            await().until(() -> transport.beats.get() > beats + 5);
            assertEquals(List.of(), listener.told); // the link is not down
        }
    }

    @Test
    void aHeartbeatGoesAlsoWhenItsServerHasToAnswerManyOthersFirst() {
        transport.routes = channel -> transport;
        try (Channels channels = open(1 << 20, Duration.ZERO)) {
            IntStream.range(0, 20).forEach(i -> send(channels, "frozen" + i, 10));
            assertEquals(4, transport.held.size());
            int beats = transport.beats.get();
            await().until(() -> transport.beats.get() > beats + 5);
            assertEquals(List.of(), listener.told);
            assertEquals(4, transport.held.size());
        }
    }

    @Test
    void aHeartbeatThatWaitsBehindAPublicationOfItsLaneGoesBeforeOtherLanes() {
        AdmissionControl admission = new AdmissionControl(
                Notes.limits(Notes.NEVER, 1 << 20, Duration.ZERO, Duration.ZERO), Runnable::run, new Counters());
        transport.onPublish = transport.held::add;
        transport.routes = channel -> transport;
        Outbox outbox = new Outbox(transport, admission, Notes.NEVER, () -> true, failure -> {});
        plain(outbox, "own");
        IntStream.range(0, 3).forEach(i -> plain(outbox, "busy" + i)); // no further write now
        IntStream.range(0, 300).forEach(i -> plain(outbox, "waiting" + i)); // more than one write takes
        plain(outbox, "own");
        outbox.send("own", OutboundMessage.heartbeat(message("beat"), ReceiverCount.NO, SendCallback.UNNOTICED));
        plain(outbox, "own");
        Publication first = transport.held.remove(0);
        assertEquals("own", first.channel());
        first.outcome().published(1, 0);
        assertTrue(transport.held.stream()
                .anyMatch(publication -> publication.channel().equals("own")));
    }

    private static void plain(Outbox outbox, String channel) {
        outbox.send(channel, OutboundMessage.plain(message("x"), ReceiverCount.NO, new Outcome()));
    }

    @Test
    void whenTheServerAnswersAgainEverythingGoesInOrder() {
        try (Channels channels = open(1 << 20, Duration.ZERO)) {
            IntStream.range(0, 20).forEach(i -> send(channels, "frozen" + i, 10));
            Outcome last = send(channels, "frozen0", 20);
            assertEquals(4, transport.held.size());
            while (!transport.held.isEmpty()) {
                transport.completeHeld();
            }
            assertEquals(1, last.receivers.join());
            assertEquals(0, channels.stats().messagesFailed());
        }
    }

    @Test
    void aServerThatDoesNotAnswerLeavesRoomForTheOthers() throws Exception {
        try (Channels channels = open(100_000, Duration.ZERO)) {
            long accepted = IntStream.range(0, 1_000)
                    .mapToObj(i -> send(channels, "frozen", 900))
                    .filter(outcome -> !outcome.receivers.isDone())
                    .count();
            assertTrue(accepted > 35 && accepted < 50, "accepted " + accepted); // half of it
            Outcome refused = send(channels, "frozen", 900);
            assertEquals(Kind.OUTBOX_FULL, refused.failure().kind());
            String text = String.valueOf(refused.failure().getMessage());
            assertTrue(
                    text.matches("The outbox is full: \\d+ bytes wait for the server of frozen, and as many at most as"
                            + " are free of 100000 for all servers may\\. .*"),
                    text);
            for (int i = 0; i < 1_000; i++) {
                assertEquals(1, send(channels, "other", 900).receivers.get(10, SECONDS));
            }
        }
    }

    @Test
    void evenManyServersThatDoNotAnswerLeaveSomeRoom() throws Exception {
        transport.routes = channel -> channel;
        try (Channels channels = open(100_000, Duration.ZERO)) {
            for (int i = 0; i < 1_000; i++) {
                send(channels, "frozen" + i % 5, 900);
            }
            assertEquals(1, send(channels, "other", 900).receivers.get(10, SECONDS));
        }
    }

    @Test
    void whoWaitsForRoomAtOneServerHoldsUpNobodyWhoSendsToAnother() throws Exception {
        try (Channels channels = open(20_000, Duration.ofSeconds(60))) {
            Thread waiting = new Thread(() -> {
                for (int i = 0; i < 100; i++) {
                    number(channels, "frozen");
                }
            });
            waiting.setDaemon(true);
            waiting.start();
            await().until(() -> waiting.getState() == Thread.State.TIMED_WAITING);
            for (int i = 0; i < 100; i++) {
                assertEquals(1, number(channels, "other").receivers.get(10, SECONDS));
            }
            assertTrue(waiting.isAlive());
            transport.onPublish = publication -> publication.outcome().published(1, 0);
            transport.completeHeld();
            waiting.join(10_000);
            assertFalse(waiting.isAlive());
        }
    }

    @Test
    void whatIsFreedAtOneServerIsThereForWhoWaitsAtAnother() throws Exception {
        transport.onPublish = transport.held::add;
        transport.routes = channel -> channel;
        try (Channels channels = open(6_000, Duration.ofSeconds(60))) {
            send(channels, "a", 900); // with what it keeps alive two kB each
            send(channels, "b", 900);
            CompletableFuture<Outcome> waited = CompletableFuture.supplyAsync(() -> number(channels, "c"), executor);
            await().until(() -> !waited.isDone() && channels.stats().lanes() == 4);
            assertEquals("a", transport.held.get(0).channel());
            transport.held.remove(0).outcome().published(1, 0);
            waited.get(10, SECONDS);
        }
    }

    @Test
    void aChannelThatMovesToAnotherServerDoesNotWaitForTheOldOne() {
        try (Channels channels = open(1 << 20, Duration.ZERO)) {
            IntStream.range(0, 20).forEach(i -> send(channels, "frozen" + i, 10));
            assertEquals(4, transport.held.size());
            transport.routes = channel -> "healthy"; // the sixteen that wait go now, those under way have their outcome
            await().until(() -> transport.held.size() == 8);
            while (!transport.held.isEmpty()) {
                transport.completeHeld();
            }
            await().until(() -> channels.stats().messagesSent() == 20);
            assertEquals(0, channels.stats().outboxBytes());
        }
    }

    @Test
    void whatWaitsCountsWithAllThatItKeepsAlive() {
        transport.routes = channel -> transport;
        try (Channels channels = open(1 << 20, Duration.ZERO)) {
            for (int i = 0; i < 10_000; i++) {
                send(channels, "frozen" + i, 1);
            }
            assertTrue(
                    channels.stats().lanes() < 1_000,
                    "lanes " + channels.stats().lanes());
        }
    }

    private static Outcome send(Channels channels, String channel, int size) {
        Outcome outcome = new Outcome();
        channels.send(channel, message("x".repeat(size)), ReceiverCount.NO, outcome);
        return outcome;
    }

    private static Outcome number(Channels channels, String channel) {
        Outcome outcome = new Outcome();
        channels.sendNumbered(channel, message("000" + "x".repeat(900)), Notes.numbering(3), outcome);
        return outcome;
    }
}
