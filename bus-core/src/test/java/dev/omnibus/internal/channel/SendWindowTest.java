package dev.omnibus.internal.channel;

import static dev.omnibus.internal.channel.Notes.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.channel.Notes.Outcome;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Several frames of a lane in flight, on a clock and a transport that do as the test says. */
class SendWindowTest {

    private static final long ROUND_TRIP = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long HEARTBEAT = TimeUnit.SECONDS.toNanos(1);
    private static final long PACE = TimeUnit.MICROSECONDS.toNanos(400); // longer than any

    private final AtomicLong clock = new AtomicLong(System.nanoTime());
    private final HandTransport transport = new HandTransport();
    private final AdmissionControl admission = new AdmissionControl(
            Notes.limits(Notes.NEVER, 64 << 20, Duration.ZERO, Duration.ofHours(1)), Runnable::run, new Counters());
    private final Outbox outbox = outbox();

    private Outbox outbox() {
        return new Outbox(
                transport,
                admission,
                Duration.ofNanos(HEARTBEAT),
                () -> transport.countsEveryone,
                failure -> {},
                clock::get);
    }

    @BeforeEach
    void measure() {
        measure(ROUND_TRIP);
    }

    private void measure(long roundTrip) {
        for (int i = 0; i < 16; i++) {
            outbox.send("measured", OutboundMessage.plain(message("x"), ReceiverCount.NO, SendCallback.UNNOTICED));
            clock.addAndGet(roundTrip);
            transport.completeHeld();
        }
        transport.writes.clear();
    }

    @Test
    void overALongRoundTripAFrameFollowsAMomentAfterTheOneBeforeIt() {
        number("c");
        number("c");
        number("c");
        assertEquals(List.of("{\"m\":\"01\"}"), transport.heldFrames());

        transport.runLater(); // too early
        assertEquals(1, transport.held.size());
        pause();

        assertEquals(List.of("{\"m\":\"01\"}", "[{\"m\":\"02\"},{\"m\":\"03\"}]"), transport.heldFrames());
        number("c");
        assertEquals(2, transport.held.size());
        pause();
        assertEquals("{\"m\":\"04\"}", transport.heldFrames().get(2));
    }

    @Test
    void whatComesLaterThanThatFollowsAtOnce() {
        number("c");
        clock.addAndGet(PACE);
        number("c");
        transport.runLater();
        assertEquals(List.of("{\"m\":\"01\"}", "{\"m\":\"02\"}"), transport.heldFrames());
    }

    @Test
    void aFullFrameFollowsAtOnce() {
        IntStream.range(0, 1 + 512).forEach(i -> number("c"));
        assertEquals(List.of(1, 512), heldSizes());
    }

    @Test
    void aFrameThatIsFullByItsBytesFollowsAtOnce() {
        IntStream.range(0, 1 + 300)
                .forEach(i -> outbox.send(
                        "c",
                        OutboundMessage.plain(message("x".repeat(1_000)), ReceiverCount.NO, SendCallback.UNNOTICED)));
        assertEquals(List.of(1, 260), heldSizes());
    }

    @Test
    void overAShortRoundTripNothingFollows() {
        measure(TimeUnit.MICROSECONDS.toNanos(100));
        IntStream.range(0, 1_000).forEach(i -> number("c"));
        pause();
        assertEquals(List.of(1), heldSizes());
    }

    @Test
    void whatIsInFlightIsBounded() {
        for (int i = 0; i < 200; i++) {
            number("c");
            pause();
        }
        assertEquals(64, transport.held.size());
        transport.held.remove(0).outcome().published(1, 0);
        pause();
        assertEquals(64, transport.held.size());
        assertEquals(
                136, Frames.split(transport.held.get(63).frame()).messages().size());
    }

    @Test
    void manyLanesAreInFlightSideBySideEachInAWriteOfItsOwn() {
        IntStream.range(0, 100).forEach(i -> number("lane" + i));
        assertEquals(100, transport.held.size());
        assertTrue(transport.writes.stream().allMatch(write -> write.size() == 1));
        IntStream.range(100, 200).forEach(i -> number("lane" + i));
        assertEquals(128, transport.held.size()); // twice as many as over a short round trip
        transport.completeHeld();
        assertEquals(72, transport.held.size());
    }

    @Test
    void afterAFailureNothingFollowsUntilEverythingIsAnsweredAndSomethingWasSent() {
        inFlight(3);
        fail(false);
        number("c");
        pause();
        assertEquals(2, transport.held.size());
        fail(false);
        fail(false);

        assertEquals(List.of("[{\"m\":\"mark 03\"},{\"m\":\"04\"}]"), transport.heldFrames());
        number("c");
        pause();
        assertEquals(1, transport.held.size());
        transport.completeHeld();
        number("c");
        pause();
        assertEquals(List.of("{\"m\":\"05\"}", "{\"m\":\"06\"}"), transport.heldFrames());
    }

    @Test
    void aMarkerFollowsAnUnknownOutcomeAlsoIfSomethingBehindItWasSent() {
        inFlight(2);
        fail(false);
        transport.completeHeld();
        number("c");
        assertEquals(List.of("[{\"m\":\"mark 02\"},{\"m\":\"03\"}]"), transport.completeHeld());
        number("c");
        assertEquals(List.of("{\"m\":\"04\"}"), transport.completeHeld());
    }

    @Test
    void whatWasCertainlyNotSentIsSentAgainInItsPlaceWithTheSameNumbers() {
        List<Outcome> outcomes = inFlight(3);
        outcomes.get(0).receivers.thenRun(() -> number("c"));
        transport.held.remove(0).outcome().published(1, 0);
        pause();
        assertEquals(3, transport.held.size());
        fail(true);
        fail(true);
        assertEquals(1, transport.held.size());
        assertFalse(outcomes.get(1).receivers.isDone());
        fail(true);
        assertEquals(0, transport.held.size());

        outbox.retry();
        assertEquals(List.of("[{\"m\":\"02\"},{\"m\":\"03\"},{\"m\":\"04\"}]"), transport.completeHeld());
        outcomes.forEach(outcome -> assertEquals(1, outcome.receivers.join()));
    }

    @Test
    void inWhateverOrderTheyFailTheyAreSentAgainInTheirs() {
        inFlight(4);
        fail(2, true);
        fail(0, true);
        fail(1, true);
        fail(0, true);
        outbox.retry();
        assertEquals(
                List.of("[{\"m\":\"01\"},{\"m\":\"02\"},{\"m\":\"03\"},{\"m\":\"04\"}]"), transport.completeHeld());
    }

    @Test
    void whatWasNotSentWhileSomethingBehindItWasHasFailedAndItsNumberIsMissing() {
        List<Outcome> outcomes = inFlight(4);
        fail(true);
        transport.held.remove(0).outcome().published(1, 0);
        fail(true);
        fail(true);

        TransportException failure = outcomes.get(0).failure();
        assertTrue(failure.notSent());
        assertEquals(1, outcomes.get(1).receivers.join());
        outbox.retry();
        assertEquals(List.of("[{\"m\":\"03\"},{\"m\":\"04\"}]"), transport.completeHeld());
        assertEquals(0, admission.room().taken());
    }

    @Test
    void whatIsRefusedInTheMiddleGivesItsNumbersBackIfNothingBehindItWasSent() {
        List<Outcome> outcomes = inFlight(3);
        for (int i = 0; i < 3; i++) {
            transport.held.remove(0).outcome().failed(new TransportException(Kind.REFUSED, true, "on purpose", null));
        }
        outcomes.forEach(outcome -> assertEquals(Kind.REFUSED, outcome.failure().kind()));
        number("c");
        assertEquals(List.of("{\"m\":\"01\"}"), transport.completeHeld());
    }

    @Test
    void nothingFollowsWhatIsDelayed() {
        inFlight(2);
        transport.held.get(1).outcome().delayed();
        number("c");
        pause();
        assertEquals(2, transport.held.size());
        transport.completeHeld();
        assertEquals(List.of("{\"m\":\"03\"}"), transport.heldFrames());
    }

    @Test
    void nothingFollowsToAnotherServer() {
        inFlight(2);
        transport.routes = channel -> "another";
        number("c");
        pause();
        assertEquals(2, transport.held.size());
        heartbeat();
        pause();
        assertEquals(2, transport.held.size());
        transport.completeHeld();
        assertEquals(List.of("{\"m\":\"03\"}"), transport.heldFrames());
    }

    @Test
    void whatTheTransportsThreadHasLostIsSentWithTheNextHeartbeat() {
        transport.onTogether = lost -> {};
        number("c");
        assertEquals(0, transport.held.size());
        transport.onTogether = Runnable::run;
        heartbeat();
        assertEquals(1, transport.held.size());

        number("c");
        transport.later.clear(); // lost as well
        heartbeat();
        assertEquals(2, transport.held.size());
    }

    /** The thread that sends decides, and not what is known of the route by then. */
    @Test
    void whatAnotherThreadBeganToSendNothingFollowsThatIsSentOnTheTransportsThread() {
        Outbox young = outbox();
        for (int i = 0; i < 15; i++) {
            number(young, "measured");
            clock.addAndGet(ROUND_TRIP);
            transport.completeHeld();
        }
        transport.onPublish = publication -> {
            if (publication.channel().equals("measured")) {
                number(young, "c"); // to be sent by the thread that is here
                clock.addAndGet(ROUND_TRIP);
                publication.outcome().published(1, 0); // the route is far from now on
            } else {
                transport.held.add(publication);
            }
        };
        number(young, "measured");
        IntStream.range(0, 512).forEach(i -> number(young, "c"));
        assertEquals(List.of(1), heldSizes());
    }

    @Test
    void whatWaitsForItsTimeGoesAtOnceWhenNothingIsInFlightAnyMore() {
        IntStream.range(0, 1 + 512 + 1).forEach(i -> number("c"));
        assertEquals(2, transport.held.size());
        transport.completeHeld();
        assertEquals(List.of(1), heldSizes());
    }

    @Test
    void eachLaneHasATimeOfItsOwn() {
        number("c");
        number("c");
        clock.addAndGet(PACE);
        number("d");
        number("d");
        transport.runLater();
        assertEquals(3, transport.held.size());
        pause();
        assertEquals(4, transport.held.size());
    }

    @Test
    void nothingFollowsWhatIsCountedByAScriptWhichMayHaveToBeSentAgain() {
        Outcome outcome = new Outcome();
        outbox.send("c", OutboundMessage.plain(message("a"), ReceiverCount.ALL, outcome));
        number("c");
        pause();
        assertEquals(1, transport.held.size());
    }

    @Test
    void aMarkerFromBeforeADoubtDoesNotEndIt() {
        number("c");
        clock.addAndGet(PACE);
        transport.completeHeld();
        outbox.send("c", OutboundMessage.marker(Notes.numbering(2)));
        clock.addAndGet(PACE);
        number("c");
        transport.runLater();
        fail(1, false);
        transport.completeHeld();
        number("c");
        assertEquals(List.of("[{\"m\":\"mark 02\"},{\"m\":\"03\"}]"), transport.heldFrames());
    }

    @Test
    void thatNobodyGotOneSaysNothingOfTheOnesBehindIt() throws Exception {
        transport.countsEveryone = true;
        inFlight(2);
        transport.held.remove(0).outcome().published(0, 0);
        outbox.flush(Duration.ofMillis(1));
        pause();
        assertTrue(transport.heldFrames().contains("{\"m\":\"mark 02\"}"), transport.heldFrames()::toString);
    }

    /** So many frames of one message. */
    private List<Outcome> inFlight(int frames) {
        List<Outcome> outcomes = IntStream.range(0, frames)
                .mapToObj(i -> {
                    Outcome outcome = number("c");
                    pause();
                    return outcome;
                })
                .toList();
        assertEquals(frames, transport.held.size());
        return outcomes;
    }

    private void heartbeat() {
        outbox.tick(clock.addAndGet(HEARTBEAT));
    }

    private void pause() {
        clock.addAndGet(PACE);
        transport.runLater();
    }

    private List<Integer> heldSizes() {
        return transport.held.stream()
                .map(publication -> Frames.split(publication.frame()).messages().size())
                .toList();
    }

    private void fail(boolean notSent) {
        fail(0, notSent);
    }

    private void fail(int which, boolean notSent) {
        TransportException lost = new TransportException(Kind.CONNECTION_LOST, notSent, "on purpose", null);
        transport.held.remove(which).outcome().failed(lost);
    }

    private Outcome number(String channel) {
        return number(outbox, channel);
    }

    private static Outcome number(Outbox outbox, String channel) {
        Outcome outcome = new Outcome();
        outbox.send(channel, OutboundMessage.numbered(message("00"), Notes.numbering(2), outcome));
        return outcome;
    }
}
