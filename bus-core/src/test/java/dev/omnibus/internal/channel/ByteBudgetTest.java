package dev.omnibus.internal.channel;

import static dev.omnibus.internal.channel.Notes.message;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.Notes.Outcome;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Waiting for room in the outbox, on a transport that completes when the test says so. */
class ByteBudgetTest {

    private static final Duration LONG = Duration.ofSeconds(60);

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HandTransport transport = new HandTransport();
    private final List<Thread> waiting = new ArrayList<>();

    @AfterEach
    void end() {
        waiting.forEach(Thread::interrupt);
        executor.shutdownNow();
    }

    private Channels open(Duration heartbeat, Duration wait) {
        return open(heartbeat, wait, Duration.ZERO);
    }

    private Channels open(Duration heartbeat, Duration wait, Duration hold) {
        Channels channels = Channels.open(
                transport,
                "here",
                new ChannelNames("bus"),
                Notes.limits(heartbeat, 400, wait, hold), // one of them fits with what it keeps alive, two do not
                executor,
                Notes.TIMER,
                new Notes.Listener());
        channels.send("c", message("first"), ReceiverCount.NO, SendCallback.UNNOTICED); // for which the lane was made
        transport.completeHeld();
        return channels;
    }

    @Test
    void whoFindsNoRoomWaitsForItAndKeepsItsOrder() throws Exception {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            send(channels, 150);
            List<Outcome> outcomes = new CopyOnWriteArrayList<>();
            Thread sender = start(() -> IntStream.range(0, 3).forEach(i -> outcomes.add(send(channels, 150))));
            awaitParked(sender);
            assertEquals(0, outcomes.size());

            for (int i = 1; i <= 4; i++) {
                await().until(() -> transport.held.size() == 1);
                assertTrue(transport.completeHeld().get(0).startsWith("{\"m\":\"0" + i));
            }
            sender.join();
            for (Outcome outcome : outcomes) {
                assertEquals(1, outcome.receivers.get(5, SECONDS));
            }
        }
    }

    @Test
    void firstComeFirstServed() throws Exception {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            send(channels, 150);
            List<Integer> order = new CopyOnWriteArrayList<>();
            List<Thread> senders = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                int turn = i;
                senders.add(start(() -> {
                    send(channels, 150);
                    order.add(turn);
                }));
                awaitParked(senders.get(i));
            }
            for (int i = 0; i < 5; i++) {
                int served = i + 1;
                transport.completeHeld();
                await().until(() -> order.size() == served);
            }
            assertEquals(List.of(0, 1, 2, 3, 4), order);
        }
    }

    @Test
    void whoWaitedInVainFailsAndLearnsHowLong() {
        try (Channels channels = open(Notes.NEVER, Duration.ofMillis(50))) {
            send(channels, 150);
            long start = System.nanoTime();
            Outcome late = send(channels, 150);
            assertTrue(System.nanoTime() - start >= Duration.ofMillis(50).toNanos());
            assertEquals(Kind.OUTBOX_FULL, late.failure().kind());
            assertTrue(late.failure().notSent());
            String text = String.valueOf(late.failure().getMessage());
            assertTrue(
                    text.matches("The outbox is full: 400 bytes wait for Redis, and in \\d+ ms there was no room\\..*"),
                    text);
            transport.completeHeld();
            send(channels, 100);
            assertTrue(transport.completeHeld().get(0).startsWith("{\"m\":\"02")); // no number was given in vain
        }
    }

    @Test
    void aPlainMessageDoesNotWait() {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            send(channels, 150);
            Outcome call = new Outcome();
            channels.send("c", message("x".repeat(150)), ReceiverCount.ALL, call);
            assertEquals(Kind.OUTBOX_FULL, call.failure().kind());
        }
    }

    @Test
    void anInterruptEndsTheWaitAndStaysSet() throws Exception {
        try (Channels channels = open(Notes.NEVER, LONG)) {
            send(channels, 150);
            CompletableFuture<Boolean> flag = new CompletableFuture<>();
            CompletableFuture<Outcome> outcome = new CompletableFuture<>();
            Thread sender = start(() -> {
                outcome.complete(send(channels, 150));
                flag.complete(Thread.currentThread().isInterrupted());
            });
            awaitParked(sender);
            sender.interrupt();
            assertTrue(flag.get(10, SECONDS));
            assertEquals(Kind.OUTBOX_FULL, outcome.get(10, SECONDS).failure().kind());
        }
    }

    @Test
    void closingEndsTheWaitOfAll() throws Exception {
        Channels channels = open(Notes.NEVER, LONG);
        send(channels, 150);
        List<Outcome> outcomes = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 3; i++) {
            awaitParked(start(() -> outcomes.add(send(channels, 150))));
        }
        channels.close();
        await().until(() -> outcomes.size() == 3);
        outcomes.forEach(outcome -> assertEquals(Kind.CLOSED, outcome.failure().kind()));
    }

    @Test
    void aLinkThatGoesDownEndsTheWaitOfAll() throws Exception {
        try (Channels channels = open(Duration.ofMillis(200), LONG)) {
            send(channels, 150);
            List<Outcome> outcomes = new CopyOnWriteArrayList<>();
            for (int i = 0; i < 3; i++) {
                awaitParked(start(() -> outcomes.add(send(channels, 150))));
            }
            transport.hearsItself = false;
            await().until(() -> outcomes.size() == 3);
            outcomes.forEach(outcome ->
                    assertEquals(Kind.CONNECTION_LOST, outcome.failure().kind()));
            outcomes.forEach(outcome -> assertTrue(outcome.failure().notSent()));
        }
    }

    @Test
    void whileMessagesAreHeldForTheLinkThoseBehindThemWaitOn() throws Exception {
        try (Channels channels = open(Duration.ofMillis(200), LONG, LONG)) {
            transport.onPublish = publication -> publication
                    .outcome()
                    .failed(new TransportException(Kind.CONNECTION_LOST, true, "on purpose", null));
            send(channels, 150);
            transport.hearsItself = false;
            CompletableFuture<Outcome> outcome = new CompletableFuture<>();
            awaitParked(start(() -> outcome.complete(send(channels, 150))));
            await().until(() -> transport.reconnects.get() > 1);
            assertFalse(outcome.isDone());

            transport.onPublish = publication -> publication.outcome().published(1, 0);
            transport.hearsItself = true;
            assertEquals(1, outcome.get(10, SECONDS).receivers.get(10, SECONDS));
        }
    }

    @Test
    void underContentionNobodyIsForgotten() throws Exception {
        transport.onPublish =
                publication -> executor.execute(() -> publication.outcome().published(1, 0));
        try (Channels channels = open(Notes.NEVER, LONG)) {
            List<Outcome> outcomes = new CopyOnWriteArrayList<>();
            List<Thread> senders = IntStream.range(0, 8)
                    .mapToObj(t -> start(() -> {
                        for (int i = 0; i < 500; i++) {
                            Outcome outcome = new Outcome();
                            channels.sendNumbered(
                                    "c" + t % 3, message("0000" + "x".repeat(40)), Notes.numbering(4), outcome);
                            outcomes.add(outcome);
                        }
                    }))
                    .toList();
            for (Thread sender : senders) {
                sender.join(30_000);
                assertFalse(sender.isAlive());
            }
            for (Outcome outcome : outcomes) {
                assertEquals(1, outcome.receivers.get(10, SECONDS));
            }
            assertEquals(0, channels.stats().outboxBytes());
            assertEquals(4_001, channels.stats().messagesSent());
        }
    }

    @Test
    void thoseWhoWaitInFrontOfTwoSharesDoNotWakeEachOther() throws Exception {
        ByteBudget room = new ByteBudget(100);
        room.new Share(false).takeAnyway(100);
        AtomicInteger looks = new AtomicInteger();
        CountDownLatch both = new CountDownLatch(2);
        List<Thread> senders = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            ByteBudget.Share share = room.new Share(false);
            senders.add(start(() -> {
                try {
                    both.countDown();
                    both.await();
                    boolean unused = share.await(10, MILLISECONDS.toNanos(200), () -> looks.incrementAndGet() < 1_000);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
        }
        for (Thread sender : senders) {
            sender.join();
        }
        assertTrue(looks.get() < 100, looks + " looks"); // one at the beginning and one at the end, each
    }

    private Outcome send(Channels channels, int size) {
        Outcome outcome = new Outcome();
        byte[] message = message("00" + "x".repeat(size));
        channels.sendNumbered("c", message, Notes.numbering(2), outcome);
        return outcome;
    }

    private Thread start(Runnable task) {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        waiting.add(thread);
        thread.start();
        return thread;
    }

    private static void awaitParked(Thread thread) {
        await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);
    }
}
