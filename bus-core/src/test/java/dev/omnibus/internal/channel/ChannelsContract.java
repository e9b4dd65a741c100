package dev.omnibus.internal.channel;

import static dev.omnibus.internal.channel.Notes.message;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.Notes.Outcome;
import dev.omnibus.internal.channel.Notes.Received;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What channels do on every transport. */
abstract class ChannelsContract {

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final Notes.Listener listener = new Notes.Listener();
    private final String channel = "test-" + UUID.randomUUID();
    private Channels here;
    private Channels there;

    /** One more connection to the same network. */
    abstract Transport connect();

    /** Takes the network away. */
    abstract void takeDown();

    /** Gives it back. */
    abstract void bringUp();

    @BeforeEach
    void open() {
        here = open("here", Notes.limits(Duration.ofSeconds(1)));
        there = open("there", Notes.limits(Duration.ofSeconds(1)));
    }

    private Channels open(String name, Channels.Limits limits) {
        return open(name, limits, executor);
    }

    private Channels open(String name, Channels.Limits limits, ExecutorService on) {
        return Channels.open(
                connect(), name + UUID.randomUUID(), new ChannelNames("bus"), limits, on, Notes.TIMER, listener);
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
        executor.shutdownNow();
    }

    @Test
    void underLoadEachThreadsOrderIsKeptAndTheNumbersAreThoseOfArrival() throws Exception {
        int each = 5_000;
        Received received = new Received();
        there.listen(channel, received).ready().get(5, SECONDS);
        List<CompletableFuture<Long>> outcomes = new ArrayList<>();
        List<Thread> threads = IntStream.range(0, 3)
                .mapToObj(t -> new Thread(() -> {
                    for (int i = 0; i < each; i++) {
                        Outcome outcome = new Outcome();
                        here.sendNumbered(channel, message("00000000 " + t + " " + i), Notes.numbering(8), outcome);
                        synchronized (outcomes) {
                            outcomes.add(outcome.receivers);
                        }
                    }
                }))
                .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        CompletableFuture.allOf(outcomes.toArray(CompletableFuture[]::new)).get(20, SECONDS);
        await().until(() -> received.messages.size() >= 3 * each);

        int[] nextOf = new int[3];
        int number = 0;
        for (String text : received.messages) {
            String[] words = text.substring(6, text.length() - 2).split(" ", -1);
            assertEquals(++number, Integer.parseInt(words[0]));
            assertEquals(nextOf[Integer.parseInt(words[1])]++, Integer.parseInt(words[2]));
        }
        assertEquals(3 * each, number);
        assertEquals(List.of(), listener.told);
    }

    @Test
    void aDirectReceiverIsCalledOnTheTransportsThreadAndInOrder() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        Receiver direct = new Receiver() {
            @Override
            public boolean isDirect() {
                return true;
            }

            @Override
            public void receive(String from, List<Message> messages, Executor next) {
                boolean ofTransport = Thread.currentThread().getName().contains("io");
                messages.forEach(message -> seen.add(ofTransport + " " + there.areReadingHere() + " " + message));
            }
        };
        there.listen(channel, direct).ready().get(10, SECONDS);
        List<String> expected = new ArrayList<>();
        List<CompletableFuture<Long>> sent = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            expected.add("true true {\"m\":\"" + i + "\"}");
            sent.add(send(here, String.valueOf(i)));
        }
        CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).get(20, SECONDS);
        await().atMost(Duration.ofSeconds(20)).until(() -> seen.size() >= 500);
        assertEquals(expected, seen);
        assertFalse(there.areReadingHere());
    }

    @Test
    void listeningAndClosingInQuickSuccessionEndsInTheLastState() throws Exception {
        Received last = new Received();
        for (int i = 0; i < 20; i++) {
            here.listen(channel, new Received()).close();
        }
        Channels.Subscription listening = here.listen(channel, last);
        listening.ready().get(10, SECONDS);
        assertEquals(1, send(there, "to the last").get(5, SECONDS));
        await().until(() -> last.messages.equals(List.of("{\"m\":\"to the last\"}")));

        listening.close();
        here.listen(channel, new Received()).close().get(10, SECONDS);
        await().until(() -> send(there, "to nobody").get(5, SECONDS) == 0);
    }

    @Test
    void aSecondReceiverOfOneChannelIsAMistakeOfTheProgram() {
        here.listen(channel, new Received());
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> here.listen(channel, new Received()));
        assertEquals("The channel " + channel + " has a receiver", e.getMessage());
    }

    @Test
    void aPatternReceivesFromEveryChannelThatItMatches() throws Exception {
        Received received = new Received();
        there.listenPattern(channel + ".*", received).ready().get(5, SECONDS);
        Outcome one = new Outcome();
        here.send(channel + ".a", message("1"), ReceiverCount.NO, one);
        one.receivers.get(5, SECONDS);
        here.send(channel + ".b", message("2"), ReceiverCount.NO, SendCallback.UNNOTICED);
        // In whichever order: they are two channels, which in a cluster come by different ways.
        await().until(() -> Set.of("{\"m\":\"1\"}", "{\"m\":\"2\"}").equals(Set.copyOf(received.messages)));
        assertEquals(2, received.messages.size());
    }

    @Test
    void whatIsNoFrameIsReportedAndTheNextIsReceived() throws Exception {
        Received received = new Received();
        there.listen(channel, received).ready().get(5, SECONDS);
        Outcome garbage = new Outcome();
        here.send(channel, "garbage".getBytes(StandardCharsets.UTF_8), ReceiverCount.NO, garbage);
        garbage.receivers.get(5, SECONDS);
        send(here, "fine").get(5, SECONDS);
        await().until(() -> received.messages.equals(List.of("{\"m\":\"fine\"}")));
        assertEquals(List.of("bad " + channel + ": The frame begins with neither { nor ["), listener.told);
    }

    @Test
    void aReconnectIsToldToTheReceiversAndCountsAreTrustedAgain() throws Exception {
        Received received = new Received();
        here.listen(channel, received).ready().get(5, SECONDS);
        here.transport().reconnect().get(10, SECONDS);
        await().until(() -> received.interruptions == 1);
        assertEquals(1, send(there, "after").get(5, SECONDS));
        assertTrue(here.countsTrusted());
    }

    @Test
    void closingWhileBusyTellsEveryMessageItsOutcome() throws Exception {
        List<CompletableFuture<Long>> outcomes = new ArrayList<>();
        Thread busy = new Thread(() -> {
            for (int i = 0; i < 20_000; i++) {
                outcomes.add(send(here, "x"));
            }
        });
        busy.start();
        await().until(() -> !outcomes.isEmpty());
        here.close();
        busy.join();
        CompletableFuture.allOf(outcomes.stream()
                        .map(outcome -> outcome.handle((count, failure) -> null))
                        .toArray(CompletableFuture[]::new))
                .get(10, SECONDS);
    }

    @Test
    void theMarkArrivesBehindTheLastMessage() throws Exception {
        Received received = new Received();
        there.listen(channel, received).ready().get(5, SECONDS);
        for (int i = 0; i < 3_000; i++) {
            here.sendNumbered(channel, message("0000"), Notes.numbering(4), SendCallback.UNNOTICED);
        }
        await().atMost(20, SECONDS).until(() -> received.messages.contains("{\"m\":\"mark 3000\"}"));
        assertEquals("{\"m\":\"3000\"}", received.messages.get(2_999));
        assertEquals("{\"m\":\"mark 3000\"}", received.messages.get(3_000));
        assertTrue(here.stats().markersSent() >= 1);
    }

    /** Whether what was counted as received, soon after the network was away, was received. */
    boolean countsAreSure() {
        return true;
    }

    @Test
    void whatIsHeldWhileTheNetworkIsAwayArrivesOnceAndInOrder() throws Exception {
        Duration hold = Duration.ofSeconds(60);
        try (Channels holding = open("holding", Notes.limits(Duration.ofMillis(200), 1 << 20, Duration.ZERO, hold))) {
            Received received = new Received();
            there.listen(channel, received).ready().get(5, SECONDS);
            List<Outcome> outcomes = new ArrayList<>();
            sendNumbered(holding, 10, outcomes);
            outcomes.get(9).receivers.get(5, SECONDS);
            await().until(() -> numbers(received).size() == 10); // what was counted is not yet there
            takeDown();
            await().atMost(20, SECONDS).until(() -> {
                sendNumbered(holding, 1, outcomes);
                return listener.told.contains("down") && isRefused(holding); // one of the two nodes that are down
            });
            sendNumbered(holding, 10, outcomes);
            bringUp();
            int held = outcomes.size();
            await().atMost(30, SECONDS).until(() -> {
                sendNumbered(holding, 1, outcomes);
                return numbers(received).stream().anyMatch(number -> number > held);
            });
            await().atMost(30, SECONDS).until(() -> outcomes.stream().allMatch(outcome -> outcome.receivers.isDone()));

            int unknown = 0;
            int heard = 0;
            for (Outcome outcome : outcomes) {
                if (outcome.receivers.isCompletedExceptionally()) {
                    assertFalse(outcome.failure().notSent(), () -> String.valueOf(outcome.failure()));
                    unknown++;
                } else {
                    heard += outcome.receivers.join() > 0 ? 1 : 0;
                }
            }
            int certain = countsAreSure() ? heard : 0;
            await().until(() -> numbers(received).size() >= certain);
            List<Integer> arrived = numbers(received);
            assertEquals(arrived.stream().sorted().distinct().toList(), arrived);
            await().until(() -> holding.stats().outboxBytes() == 0); // a beat and a mark may be under way
            assertEquals(outcomes.size() - unknown, holding.stats().messagesSent());
        }
    }

    @Test
    void whileTheNetworkIsAwaySendingFailsAtOnceAndAfterwardsItWorksAgain() throws Exception {
        takeDown();
        await().atMost(20, SECONDS).until(() -> isRefused(here));
        for (int i = 0; i < 1_000; i++) {
            Outcome outcome = new Outcome();
            here.sendNumbered(channel, message("0000"), Notes.numbering(4), outcome);
            assertTrue(outcome.receivers.isDone());
            assertTrue(outcome.failure().notSent());
            assertEquals(Kind.CONNECTION_LOST, outcome.failure().kind());
        }
        bringUp();
        await().atMost(30, SECONDS).until(() -> !isRefused(here));
        send(here, "again").get(5, SECONDS);
        await().until(() -> here.stats().outboxBytes() == 0); // a beat may be under way
    }

    @Test
    void whoWaitsForRoomGetsItAndNothingIsLost() throws Exception {
        Duration wait = Duration.ofSeconds(60);
        try (Channels waiting = open("waiting", Notes.limits(Duration.ofSeconds(1), 2_000, wait, Duration.ZERO))) {
            Received received = new Received();
            there.listen(channel, received).ready().get(5, SECONDS);
            List<Outcome> outcomes = new ArrayList<>();
            sendNumbered(waiting, 5_000, outcomes);
            for (Outcome outcome : outcomes) {
                assertEquals(1, outcome.receivers.get(10, SECONDS));
            }
            await().until(() -> received.messages.size() >= 5_000);
            assertEquals("{\"m\":\"5000\"}", received.messages.get(4_999));
        }
    }

    @Test
    void aReceiverMayFlushAndCloseAlsoOnTheOnlyThreadThereIs() throws Exception {
        ExecutorService single = Executors.newSingleThreadExecutor();
        try {
            Channels channels = open("closing", Notes.limits(Duration.ofSeconds(1)), single);
            Received received = new Received();
            there.listen(channel, received).ready().get(5, SECONDS);
            CompletableFuture<Boolean> flushed = new CompletableFuture<>();
            Outcome outcome = new Outcome();
            channels.listen(channel + "-close", (name, messages, next) -> {
                        channels.sendNumbered(channel, message("0000"), Notes.numbering(4), outcome);
                        try {
                            flushed.complete(channels.flush(Duration.ofSeconds(10)));
                        } catch (InterruptedException e) {
                            flushed.completeExceptionally(e);
                        }
                        channels.close();
                    })
                    .ready()
                    .get(5, SECONDS);
            there.send(channel + "-close", message("close"), ReceiverCount.NO, SendCallback.UNNOTICED);
            assertTrue(flushed.get(20, SECONDS));
            assertEquals(1, outcome.receivers.get(10, SECONDS));
            single.shutdown();
            assertTrue(single.awaitTermination(10, SECONDS));
            await().until(() -> received.messages.equals(List.of("{\"m\":\"0001\"}", "{\"m\":\"mark 0001\"}")));
        } finally {
            single.shutdownNow();
        }
    }

    @Test
    void whatGoesThroughIsCounted() throws Exception {
        there.listen(channel, new Received()).ready().get(5, SECONDS);
        List<Outcome> outcomes = new ArrayList<>();
        sendNumbered(here, 100, outcomes);
        outcomes.get(99).receivers.get(5, SECONDS);
        here.send(channel, "garbage".getBytes(StandardCharsets.UTF_8), ReceiverCount.NO, SendCallback.UNNOTICED);
        send(here, "x".repeat(2_000)).handle((count, tooLarge) -> null).get(5, SECONDS);
        await().until(() -> there.stats().badFrames() == 1);
        ChannelStats sent = here.stats();
        assertEquals(101, sent.messagesSent());
        assertEquals(1, sent.messagesFailed());
        assertEquals(2, sent.lanes());
        assertTrue(there.stats().messagesReceived() >= 100);
        assertTrue(there.stats().framesReceived() >= 2);
        here.transport().reconnect().get(10, SECONDS);
        assertEquals(0, here.stats().reconnects()); // those that the dead link made necessary
        assertEquals(0, there.stats().framesDropped());
    }

    private static List<Integer> numbers(Received received) {
        return received.messages.stream()
                .filter(text -> !text.contains("mark"))
                .map(text -> Integer.parseInt(text.substring(6, 10)))
                .toList();
    }

    private void sendNumbered(Channels from, int messages, List<Outcome> outcomes) {
        for (int i = 0; i < messages; i++) {
            Outcome outcome = new Outcome();
            from.sendNumbered(channel, message("0000"), Notes.numbering(4), outcome);
            outcomes.add(outcome);
        }
    }

    /** Whether these channels know that their link is down. */
    private static boolean isRefused(Channels channels) {
        Outcome outcome = new Outcome();
        channels.send("nobody", message("x"), ReceiverCount.NO, outcome);
        return outcome.receivers.isCompletedExceptionally()
                && String.valueOf(outcome.failure().getMessage()).startsWith("There is no connection to Redis;");
    }

    private CompletableFuture<Long> send(Channels from, String text) {
        Outcome outcome = new Outcome();
        from.send(channel, message(text), ReceiverCount.ALL, outcome);
        return outcome.receivers;
    }
}
