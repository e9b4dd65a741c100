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
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Lanes and the outbox, on a transport that completes when the test says so. */
class LaneTest {

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HandTransport transport = new HandTransport();
    private final Channels channels = open(64 * 1024 * 1024);

    private long lastBegan; // to send one by itself

    private Channels open(long outboundBytes) {
        Channels.Limits limits = Notes.limits(Notes.NEVER, outboundBytes, Duration.ZERO, Duration.ZERO);
        return Channels.open(
                transport, "here", new ChannelNames("bus"), limits, executor, Notes.TIMER, new Notes.Listener());
    }

    @AfterEach
    void close() {
        channels.close();
        executor.shutdownNow();
    }

    @Test
    void whileOnePublishIsUnderWayTheNextGatherInOneFrame() {
        List<Outcome> outcomes =
                IntStream.range(0, 4).mapToObj(i -> send("c", "" + i)).toList();

        assertEquals(List.of("{\"m\":\"0\"}"), transport.completeHeld());
        assertEquals(List.of("[{\"m\":\"1\"},{\"m\":\"2\"},{\"m\":\"3\"}]"), transport.completeHeld());
        outcomes.forEach(outcome -> assertEquals(1, outcome.receivers.join()));
        assertEquals(List.of(), transport.held);
    }

    @Test
    void manyLanesGatherInOneWrite() {
        IntStream.range(0, 4).forEach(i -> send("busy" + i, "x")); // as many writes as go side by side
        IntStream.range(0, 100).forEach(i -> send("lane" + i, "x"));
        assertEquals(4, transport.writes.size());

        transport.completeHeld();

        assertEquals(5, transport.writes.size());
        assertEquals(100, transport.writes.get(4).size());
    }

    @Test
    void whileManyLanesAreUnderWayTheOthersGoOnGathering() {
        send("busy", "x");
        IntStream.range(0, 4).forEach(i -> send("gate" + i, "x")); // the first three go side by side with it
        IntStream.range(0, 100).forEach(i -> send("lane" + i, "x"));
        Publication first = transport.held.remove(0);
        first.outcome().published(1, 0); // now a hundred of them are under way in one write
        assertEquals(5, transport.writes.size());

        IntStream.range(0, 3).forEach(i -> transport.held.remove(0).outcome().published(1, 0));
        IntStream.range(0, 10).forEach(i -> send("late", "" + i));

        assertEquals(5, transport.writes.size()); // there would be room for another three
        transport.completeHeld();
        assertEquals(6, transport.writes.size());
        assertEquals(
                10,
                Frames.split(transport.writes.get(5).get(0).frame()).messages().size());
    }

    @Test
    void asLongAsNobodyLooksOnReceiversAreToldApartFromPatternSubscribersOnceASecond() {
        assertTrue(sendsCounted(ReceiverCount.ANY, 0)); // nothing is known yet
        assertPlainFor(0);
        assertTrue(sendsCounted(ReceiverCount.ALL, 0)); // that is another question
        assertPlainFor(0);
        await().until(() -> sendsCounted(ReceiverCount.ANY, 0));
    }

    @Test
    void whileSomebodyLooksOnReceiversAreAlwaysToldApart() {
        assertTrue(sendsCounted(ReceiverCount.ANY, 1));
        assertTrue(sendsCounted(ReceiverCount.ANY, 1));
        assertTrue(sendsCounted(ReceiverCount.ANY, 0));
        assertPlainFor(1);
    }

    /** The next one, if this thread did not stand still for the second in which that is so. */
    private void assertPlainFor(long patternSubscribers) {
        long before = lastBegan;
        boolean counted = sendsCounted(ReceiverCount.ANY, patternSubscribers);
        assertTrue(!counted || System.nanoTime() - before > SECONDS.toNanos(1));
    }

    @Test
    void whatIsNotCountedIsNeverToldApart() {
        assertFalse(sendsCounted(ReceiverCount.NO, 0));
    }

    /** Sends one by itself; whether the transport was asked to tell receivers from so many pattern subscribers. */
    private boolean sendsCounted(ReceiverCount count, long patternSubscribers) {
        lastBegan = System.nanoTime();
        channels.send("c", message("x"), count, new Outcome());
        Publication publication = transport.held.remove(0);
        publication
                .outcome()
                .published(1, publication.counted() ? patternSubscribers : Publication.Outcome.NOT_SEPARATED);
        return publication.counted();
    }

    @Test
    void aFrameTakesNoMoreThanItMay() {
        send("c", "first");
        IntStream.range(0, 1_300).forEach(i -> send("c", "" + i));
        transport.completeHeld();
        assertEquals(512, Frames.split(transport.held.get(0).frame()).messages().size());
        transport.completeHeld();
        transport.completeHeld();
        assertEquals(276, Frames.split(transport.held.get(0).frame()).messages().size());
    }

    @Test
    void aMessageThatIsTooLargeFailsAtOnce() {
        TransportException failure = send("c", "x".repeat(2_000)).failure();
        assertEquals(Kind.TOO_LARGE, failure.kind());
        assertTrue(failure.notSent());
        assertEquals(
                "The message to c has 2008 bytes; the limit is 1024. Send less, or a reference to where it lies",
                failure.getMessage());
        assertEquals(List.of(), transport.held);
    }

    @Test
    void aFullOutboxFailsAtOnceAndTakesNoNumberButTheBeatStillGoes() {
        Channels small = small();
        Outcome first = new Outcome();
        small.sendNumbered("c", message("00" + "x".repeat(150)), Notes.numbering(2), first);
        Outcome second = new Outcome();
        small.sendNumbered("c", message("00" + "x".repeat(150)), Notes.numbering(2), second);
        assertEquals(Kind.OUTBOX_FULL, second.failure().kind());
        assertTrue(second.failure().notSent());
        Outcome beat = new Outcome();
        small.sendHeartbeat("{}".getBytes(StandardCharsets.UTF_8), ReceiverCount.ALL, beat);
        assertEquals(1, beat.receivers.join());

        assertTrue(transport.completeHeld().get(0).startsWith("{\"m\":\"01x"));
        Outcome third = new Outcome();
        small.sendNumbered("c", message("00" + "x".repeat(150)), Notes.numbering(2), third);
        assertTrue(transport.completeHeld().get(0).startsWith("{\"m\":\"02x"));
        assertEquals(1, third.receivers.join());
        small.close();
    }

    private Channels small() {
        transport.listeners.clear();
        return open(200);
    }

    @Test
    void aMessageLargerThanTheWholeOutboxGoesAlone() {
        AdmissionControl admission = admission(100);
        Lane lane = new Lane("c", outbox(admission));
        OutboundMessage large = OutboundMessage.plain(message("x".repeat(300)), ReceiverCount.NO, new Outcome());
        assertTrue(admission.admit(lane, large));
        assertFalse(admission.admit(lane, large));
    }

    private AdmissionControl admission(long outboundBytes) {
        return new AdmissionControl(
                Notes.limits(Notes.NEVER, outboundBytes, Duration.ZERO, Duration.ZERO), executor, new Counters());
    }

    private Outbox outbox(AdmissionControl admission) {
        return new Outbox(transport, admission, Duration.ofNanos(1), transport::countsEveryone, failure -> {});
    }

    @Test
    void aTransportThatFailsSynchronouslyNeitherRecursesNorWedgesTheLane() {
        send("c", "held");
        List<Outcome> outcomes =
                IntStream.range(0, 100_000).mapToObj(i -> send("c", "x")).toList();
        transport.onPublish = LaneTest::refuse;
        transport.completeHeld();
        outcomes.forEach(outcome -> assertEquals(Kind.REFUSED, outcome.failure().kind()));

        transport.onPublish = transport.held::add;
        Outcome after = send("c", "after");
        transport.completeHeld();
        assertEquals(1, after.receivers.join());
    }

    @Test
    void aTransportThatThrowsFailsTheMessagesAndWedgesNothing() {
        transport.onPublish = publication -> {
            throw new IllegalStateException("on purpose");
        };
        for (int i = 0; i < 20; i++) {
            TransportException failure = send("c" + i, "x").failure();
            assertEquals(Kind.CONNECTION_LOST, failure.kind());
            assertFalse(failure.notSent());
        }
        transport.onPublish = transport.held::add;
        Outcome after = send("c1", "after");
        transport.completeHeld();
        assertEquals(1, after.receivers.join());
    }

    @Test
    void aSenderThatThrowsAtItsOutcomeDoesNotTouchItsNeighboursOrTheLane() {
        send("c", "held");
        for (int i = 0; i < 10; i++) {
            channels.send("c" + i, message("x"), ReceiverCount.NO, new SendCallback() {
                @Override
                public void sent(long receivers, boolean exact) {
                    throw new IllegalStateException("on purpose; its trace belongs to this test");
                }

                @Override
                public void failed(TransportException failure) {}
            });
            Outcome neighbour = send("c" + i, "y");
            transport.completeHeld();
            transport.completeHeld();
            transport.completeHeld();
            assertEquals(1, neighbour.receivers.join());
        }
    }

    @Test
    void whoMayBlockIsToldOnTheExecutor() throws Exception {
        CompletableFuture<Thread> told = new CompletableFuture<>();
        channels.send("c", message("x"), ReceiverCount.NO, new SendCallback() {
            @Override
            public boolean mayBlock() {
                return true;
            }

            @Override
            public void sent(long receivers, boolean exact) {
                told.complete(Thread.currentThread());
            }

            @Override
            public void failed(TransportException failure) {
                told.completeExceptionally(failure);
            }
        });
        transport.completeHeld();
        assertTrue(told.get(10, SECONDS).getName().startsWith("pool-"));
    }

    @Test
    void flushWaitsUntilEverythingIsSent() throws Exception {
        send("c", "1");
        Outcome last = send("c", "2");
        assertFalse(channels.flush(Duration.ofMillis(20)));
        CompletableFuture<Boolean> flushed = CompletableFuture.supplyAsync(() -> {
            try {
                return channels.flush(Duration.ofSeconds(10));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        transport.completeHeld();
        assertFalse(last.receivers.isDone());
        transport.completeHeld();
        assertTrue(flushed.get(10, SECONDS));
    }

    @Test
    void aLaneRetiresWhenItHasBeenIdleForLongEnough() {
        AdmissionControl admission = admission(1 << 20);
        long later = System.nanoTime() + TimeUnit.SECONDS.toNanos(3600);
        long minute = TimeUnit.MINUTES.toNanos(1);

        Lane lane = new Lane("c", outbox(admission));
        OutboundMessage first = OutboundMessage.plain(message("00"), ReceiverCount.NO, new Outcome());
        assertTrue(admission.admit(lane, first));
        assertTrue(lane.offer(first));
        assertFalse(lane.retire(later, minute, true));
        transport.completeHeld();
        assertFalse(lane.retire(System.nanoTime(), minute, true));
        assertTrue(lane.retire(later, minute, false));
        assertFalse(lane.offer(OutboundMessage.plain(message("00"), ReceiverCount.NO, new Outcome())));
        assertEquals(0, admission.room().taken());
    }

    @Test
    void aNumberedLaneRetiresWhenItsMarksAreSentAndTheNextOneGoesOnBehindIt() {
        Outbox outbox = outbox(admission(1 << 20));
        number(outbox, "n");
        number(outbox, "n");
        transport.completeHeld();
        transport.completeHeld();
        long now = System.nanoTime();
        int marks = 0;
        while (outbox.count() > 0) {
            now += SECONDS.toNanos(11);
            outbox.tick(now);
            marks += transport.completeHeld().size();
        }
        assertEquals(5, marks);
        number(outbox, "n");
        assertEquals(List.of("{\"m\":\"03\"}"), transport.completeHeld());
    }

    @Test
    void manyTopicsOfOneEventEachLeaveLessThanFiftyBytesEachAndNothingToDo() {
        transport.onPublish = publication -> publication.outcome().published(1, 0);
        Outbox warm = tenMinutesAfterOneEventOnEachOf(5_000);
        long before = usedHeap();
        Outbox outbox = tenMinutesAfterOneEventOnEachOf(200_000);
        long kept = usedHeap() - before;
        // About half as much; but a large array counts as whole regions of the heap, which have up to 4 MiB here.
        assertTrue(kept < 10_000_000, "kept " + kept + " bytes");
        assertEquals(0, outbox.count() + warm.count()); // nothing is looked at any more, or sent
    }

    private Outbox tenMinutesAfterOneEventOnEachOf(int topics) {
        AdmissionControl admission = admission(64 << 20);
        Outbox outbox = new Outbox(transport, admission, Duration.ofSeconds(1), () -> true, failure -> {});
        for (int i = 0; i < topics; i++) {
            number(outbox, "bus:inbox:orders." + i); // as a beat, which this transport does not keep
        }
        long now = System.nanoTime();
        for (int second = 0; second < 600; second++) {
            now += SECONDS.toNanos(1);
            outbox.tick(now);
        }
        return outbox;
    }

    private static long usedHeap() {
        for (int i = 0; i < 4; i++) { // only one of so many leaves no dead objects
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Test
    void whereNobodyListensNoMarkIsSentAndNothingIsRemembered() {
        transport.countsEveryone = true;
        Outbox outbox = outbox(admission(1 << 20));
        number(outbox, "n");
        nobodyGotIt();
        outbox.tick(System.nanoTime() + SECONDS.toNanos(5));
        assertEquals(1, outbox.count());
        outbox.tick(System.nanoTime() + SECONDS.toNanos(11));
        assertEquals(0, outbox.count());
        assertEquals(List.of(), transport.held);
        number(outbox, "n");
        assertEquals(List.of("{\"m\":\"01\"}"), transport.completeHeld());
    }

    @Test
    void whereACountOfNobodyMeansNothingMarksAreSent() {
        Outbox outbox = outbox(admission(1 << 20));
        number(outbox, "n");
        nobodyGotIt();
        outbox.tick(System.nanoTime() + SECONDS.toNanos(11));
        assertEquals(List.of("{\"m\":\"mark 01\"}"), transport.completeHeld());
    }

    @Test
    void aCountOfNobodyMeansWhatItMeantWhenTheMessageWasSent() {
        Outbox outbox = outbox(admission(1 << 20));
        number(outbox, "n");
        transport.countsEveryone = true; // too late for that one
        nobodyGotIt();
        outbox.tick(System.nanoTime() + SECONDS.toNanos(11));
        assertEquals(List.of("{\"m\":\"mark 01\"}"), transport.completeHeld());
    }

    @Test
    void aCountOfNobodyMeansNothingIfThatIsKnownByTheTimeOfTheOutcome() {
        transport.countsEveryone = true;
        Outbox outbox = outbox(admission(1 << 20));
        number(outbox, "n");
        transport.countsEveryone = false;
        nobodyGotIt();
        outbox.tick(System.nanoTime() + SECONDS.toNanos(11));
        assertEquals(List.of("{\"m\":\"mark 01\"}"), transport.completeHeld());
    }

    @Test
    void marksOfManyTopicsThatFallSilentAtOnceAreSpread() {
        Outbox outbox = outbox(admission(64 << 20));
        IntStream.range(0, 5_000).forEach(i -> number(outbox, "n" + i));
        while (!transport.held.isEmpty()) {
            transport.completeHeld();
        }
        transport.onPublish = publication -> publication.outcome().published(1, 0);
        transport.writes.clear();
        outbox.tick(System.nanoTime() + SECONDS.toNanos(1));
        int first = transport.writes.stream().mapToInt(List::size).sum();
        assertEquals(4_096, first);
        outbox.tick(System.nanoTime() + SECONDS.toNanos(1));
        assertTrue(transport.writes.stream().mapToInt(List::size).sum() >= 5_000);
    }

    @Test
    void amongManyLanesOneThatIsIdleAndHasNothingToTellGoesAtOnce() {
        transport.onPublish = publication -> publication.outcome().published(1, 0);
        Outbox outbox = outbox(admission(1 << 20));
        IntStream.range(0, 20_000)
                .forEach(i ->
                        outbox.send("inbox" + i, OutboundMessage.plain(message("x"), ReceiverCount.NO, new Outcome())));
        assertEquals(4_096, outbox.count());
    }

    @Test
    void whatIsRefusedLeavesNoLane() {
        AdmissionControl admission = admission(100);
        Outbox outbox = outbox(admission);
        outbox.send("full", OutboundMessage.plain(message("x".repeat(300)), ReceiverCount.NO, new Outcome()));
        IntStream.range(0, 100)
                .forEach(i ->
                        outbox.send("c" + i, OutboundMessage.plain(message("x"), ReceiverCount.NO, new Outcome())));
        outbox.send("large", OutboundMessage.plain(message("x".repeat(2_000)), ReceiverCount.NO, new Outcome()));
        assertEquals(1, outbox.count());
        admission.down();
        outbox.send("down", OutboundMessage.plain(message("x"), ReceiverCount.NO, new Outcome()));
        assertEquals(1, outbox.count());
    }

    @Test
    void whatIsCertainlyNotSentTakesNoNumberAndWhatMayHaveBeenDoes() {
        Outbox outbox = outbox(admission(1 << 20));
        number(outbox, "n");
        number(outbox, "n");
        lose(true);
        assertEquals(List.of("{\"m\":\"01\"}"), transport.completeHeld()); // the second one, as nobody saw the first
        number(outbox, "n");
        number(outbox, "n");
        lose(false);
        assertEquals(
                List.of("[{\"m\":\"mark 02\"},{\"m\":\"03\"}]"),
                transport.completeHeld(),
                "the second one may arrive behind it");
        number(outbox, "n");
        assertEquals(List.of("{\"m\":\"04\"}"), transport.completeHeld());
    }

    private void lose(boolean notSent) {
        TransportException lost = new TransportException(Kind.CONNECTION_LOST, notSent, "on purpose", null);
        transport.held.remove(0).outcome().failed(lost);
    }

    private void nobodyGotIt() {
        transport.held.remove(0).outcome().published(0, Publication.Outcome.NOT_SEPARATED);
    }

    private static void number(Outbox outbox, String channel) {
        outbox.send(channel, OutboundMessage.numbered(message("00"), Notes.numbering(2), new Outcome()));
    }

    @Test
    void manyThreadsOnManyLanesGetEveryOutcomeWhenTheTransportCompletesOnAnotherThread() throws Exception {
        transport.onPublish =
                publication -> executor.execute(() -> publication.outcome().published(1, 0));
        List<CompletableFuture<Long>> all = new ArrayList<>();
        List<Thread> threads = IntStream.range(0, 4)
                .mapToObj(t -> new Thread(() -> {
                    for (int i = 0; i < 5_000; i++) {
                        Outcome outcome = send("lane" + i % 17, t + "-" + i);
                        synchronized (all) {
                            all.add(outcome.receivers);
                        }
                    }
                }))
                .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(20, SECONDS);
        assertTrue(channels.flush(Duration.ofSeconds(10)));
    }

    @Test
    void afterClosingAMessageFailsAsClosed() {
        channels.close();
        await().until(() -> transport.closed);
        assertEquals(Kind.CLOSED, send("c", "late").failure().kind());
    }

    private static void refuse(Publication publication) {
        publication.outcome().failed(new TransportException(Kind.REFUSED, true, "on purpose", null));
    }

    private Outcome send(String channel, String text) {
        Outcome outcome = new Outcome();
        channels.send(channel, message(text), ReceiverCount.NO, outcome);
        return outcome;
    }
}
