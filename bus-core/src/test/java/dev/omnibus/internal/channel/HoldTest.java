package dev.omnibus.internal.channel;

import static dev.omnibus.internal.channel.Notes.message;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.Notes.Outcome;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Messages without a link, on a transport that completes and fails when the test says so. */
class HoldTest {

    private static final Duration QUICK = Duration.ofMillis(200);
    private static final Duration LONG = Duration.ofSeconds(60);

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HandTransport transport = new HandTransport();
    private final Notes.Listener listener = new Notes.Listener();

    @AfterEach
    void end() {
        executor.shutdownNow();
    }

    /** Marks are not what this is about. */
    @BeforeEach
    void letMarksThrough() {
        transport.onPublish = this::hold;
    }

    private void hold(Publication publication) {
        if (text(publication).startsWith("{\"m\":\"mark")) {
            publication.outcome().published(1, 0);
        } else {
            transport.held.add(publication);
        }
    }

    private Channels open(Duration heartbeat, Duration hold) {
        return Channels.open(
                transport,
                "here",
                new ChannelNames("bus"),
                Notes.limits(heartbeat, 2_900, Duration.ZERO, hold),
                executor,
                Notes.TIMER,
                listener);
    }

    @Test
    void withoutHoldingWhatWaitsFailsWhenTheLinkGoesDownAndWhatIsUnderWayHasItsOwnOutcome() {
        try (Channels channels = open(QUICK, Duration.ZERO)) {
            Outcome underWay = number(channels, "a");
            Outcome waits = number(channels, "b");
            Outcome call = plain(channels, "c");
            takeDown();
            for (Outcome failed : List.of(waits, call, number(channels, "d"), plain(channels, "e"))) {
                assertNotSent(failed, Kind.CONNECTION_LOST);
            }
            assertEquals(
                    "There is no connection to Redis; the message to c was not sent. A new connection is being made;"
                            + " send again when it stands",
                    waits.failure().getMessage());
            assertFalse(underWay.receivers.isDone());
            assertEquals(List.of("{\"m\":\"01a\"}"), transport.completeHeld());
            assertEquals(1, underWay.receivers.join());
            assertEquals(List.of(), transport.held);

            bringUp();
            number(channels, "f");
            assertEquals(List.of("{\"m\":\"02f\"}"), transport.completeHeld()); // the second was not handed over
            assertEquals(4, channels.stats().messagesFailed());
        }
    }

    @Test
    void whatWasNotSentIsTriedAgainInItsPlace() {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            Outcome first = number(channels, "a");
            Outcome second = number(channels, "b");
            fail(true);
            Outcome third = number(channels, "c");
            await().until(() -> transport.held.size() == 1); // the timer tries again
            fail(true);
            await().until(() -> transport.held.size() == 1);
            assertEquals(List.of("[{\"m\":\"01a\"},{\"m\":\"02b\"},{\"m\":\"03c\"}]"), transport.completeHeld());
            assertEquals(1, first.receivers.join() * second.receivers.join() * third.receivers.join());
            assertEquals(3, channels.stats().messagesSent());
            assertEquals(0, channels.stats().messagesFailed());
            assertEquals(0, channels.stats().outboxBytes());
        }
    }

    @Test
    void whatMayHaveArrivedIsNeverSentAgain() {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            Outcome unknown = number(channels, "a");
            number(channels, "b");
            fail(false);
            assertFalse(unknown.failure().notSent());
            assertEquals(List.of("[{\"m\":\"mark 01\"},{\"m\":\"02b\"}]"), transport.completeHeld());
        }
    }

    @Test
    void whatRedisRefusedIsNotHeld() {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            Outcome refused = number(channels, "a");
            transport.held.remove(0).outcome().failed(new TransportException(Kind.REFUSED, true, "on purpose", null));
            assertNotSent(refused, Kind.REFUSED);
        }
    }

    @Test
    void callsInTheSameFrameAndBehindItAreNotHeld() {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            number(channels, "a");
            Outcome inside = plain(channels, "call");
            Outcome kept = number(channels, "b");
            transport.completeHeld();
            Outcome behind = plain(channels, "late call");
            fail(true);
            Outcome later = plain(channels, "later call");

            for (Outcome call : List.of(inside, behind, later)) {
                assertNotSent(call, Kind.CONNECTION_LOST);
            }
            await().until(() -> transport.held.size() == 1);
            assertEquals(List.of("{\"m\":\"02b\"}"), transport.completeHeld());
            assertEquals(1, kept.receivers.join());
        }
    }

    @Test
    void whileTheLinkIsDownNothingIsTriedAndWhenItIsUpEverythingGoesInOrder() {
        try (Channels channels = open(QUICK, LONG)) {
            Outcome underWay = number(channels, "a");
            number(channels, "b");
            takeDown();
            number(channels, "c");
            assertEquals(List.of("{\"m\":\"01a\"}"), transport.completeHeld());
            transport.writes.clear();
            assertEquals(1, underWay.receivers.join());
            assertNotSent(plain(channels, "call"), Kind.CONNECTION_LOST);
            int reconnects = transport.reconnects.get();
            await().until(() -> transport.reconnects.get() > reconnects + 1); // and with it several rounds of the timer
            assertEquals(List.of(), transport.writes);

            bringUp();
            await().until(() -> transport.held.size() == 1);
            assertEquals(List.of("[{\"m\":\"02b\"},{\"m\":\"03c\"}]"), transport.completeHeld());
        }
    }

    @Test
    void nothingIsHeldForLongerThanItMay() {
        try (Channels channels = open(Notes.NEVER, Duration.ofMillis(150))) {
            transport.onPublish = publication -> publication.outcome().failed(lost(true));
            long start = System.nanoTime();
            Outcome early = number(channels, "a");
            assertNotSent(early, Kind.CONNECTION_LOST);
            assertTrue(System.nanoTime() - start >= Duration.ofMillis(150).toNanos());
            assertEquals(
                    "There was no connection to Redis for 150 ms; a message to c was held for so long, and not sent",
                    early.failure().getMessage());
            assertEquals(0, channels.stats().outboxBytes());

            transport.onPublish = this::hold;
            number(channels, "b");
            assertEquals(List.of("{\"m\":\"01b\"}"), transport.completeHeld()); // nobody can have seen the first
        }
    }

    @Test
    void whatIsHeldCountsAgainstTheOutbox() {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            transport.onPublish = publication -> publication.outcome().failed(lost(true));
            for (int i = 0; i < 5; i++) {
                number(channels, "x".repeat(180));
            }
            assertNotSent(number(channels, "x".repeat(180)), Kind.OUTBOX_FULL);
            assertEquals(5 * (190 + 129) + 1_024, channels.stats().outboxBytes()); // with what they keep alive
        }
    }

    @Test
    void closingFailsWhatIsHeldAndWhatWaits() {
        Channels channels = open(Notes.NEVER, LONG);
        Outcome held = number(channels, "a");
        fail(true);
        Outcome alsoHeld = number(channels, "b");
        Outcome underWay = plain(channels, "other", "x");
        Outcome waits = plain(channels, "other", "y");
        channels.close();
        for (Outcome failed : List.of(held, alsoHeld, waits)) {
            assertNotSent(failed, Kind.CLOSED);
        }
        assertFalse(underWay.receivers.isDone());
        fail(true);
        assertNotSent(underWay, Kind.CONNECTION_LOST);
    }

    @Test
    void flushingWaitsForWhatIsHeld() throws Exception {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            number(channels, "a");
            fail(true);
            transport.onPublish = publication -> publication.outcome().failed(lost(true));
            assertFalse(channels.flush(Duration.ofMillis(300)));
            List<String> frames = new CopyOnWriteArrayList<>();
            transport.onPublish = publication -> {
                frames.add(text(publication));
                publication.outcome().published(1, 0);
            };
            assertTrue(channels.flush(Duration.ofSeconds(30)));
            assertTrue(frames.get(0).startsWith("[{\"m\":\"01a\"},{\"m\":\"mark 01\"}"), frames.toString());
        }
    }

    private void takeDown() {
        transport.hearsItself = false;
        await().until(() -> listener.told.equals(List.of("down")));
        await().until(this::linkDownIsDone);
    }

    /** The listener is told first, and then the lanes. */
    private boolean linkDownIsDone() {
        return transport.reconnects.get() > 0;
    }

    private void bringUp() {
        transport.hearsItself = true;
        await().until(() -> listener.told.equals(List.of("down", "up")));
    }

    private void fail(boolean notSent) {
        transport.held.remove(0).outcome().failed(lost(notSent));
    }

    private static TransportException lost(boolean notSent) {
        return new TransportException(Kind.CONNECTION_LOST, notSent, "on purpose", null);
    }

    private static void assertNotSent(Outcome outcome, Kind kind) {
        assertEquals(kind, outcome.failure().kind());
        assertTrue(outcome.failure().notSent());
    }

    private static String text(Publication publication) {
        return new String(publication.frame(), StandardCharsets.UTF_8);
    }

    private static Outcome number(Channels channels, String text) {
        Outcome outcome = new Outcome();
        channels.sendNumbered("c", message("00" + text), Notes.numbering(2), outcome);
        return outcome;
    }

    private static Outcome plain(Channels channels, String text) {
        return plain(channels, "c", text);
    }

    private static Outcome plain(Channels channels, String channel, String text) {
        Outcome outcome = new Outcome();
        channels.send(channel, message(text), ReceiverCount.NO, outcome);
        return outcome;
    }
}
