package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the options of a subscription do, on every transport. */
abstract class SubscriptionContract extends BusFixture {

    private static final SubscribeOptions DEFAULT = SubscribeOptions.defaults();

    @Test
    void withConcurrencySeveralEventsAreHandledAtTheSameTime() throws Exception {
        CyclicBarrier allFour = new CyclicBarrier(4); // nobody gets past it alone
        AtomicInteger done = new AtomicInteger();
        ready(there.subscribe("n", Integer.class, DEFAULT.withConcurrency(4), event -> {
            allFour.await(10, SECONDS);
            done.incrementAndGet();
        }));
        publish("n", 8);
        await().until(() -> done.get() == 8);
    }

    @Test
    void eventsWithEqualKeysStayInOrderWhileOthersAreHandledBesideThem() throws Exception {
        Map<Integer, List<Integer>> byKey = new ConcurrentHashMap<>();
        AtomicInteger busy = new AtomicInteger();
        List<String> wrong = new CopyOnWriteArrayList<>();
        Map<Integer, AtomicInteger> running = new ConcurrentHashMap<>();
        SubscribeOptions byRest = DEFAULT.withConcurrency(8).withOrderingKey(event -> (Integer) event.data() % 5);
        ready(there.subscribe("n", Integer.class, byRest, event -> {
            int key = event.data() % 5;
            if (running.computeIfAbsent(key, k -> new AtomicInteger()).incrementAndGet() > 1) {
                wrong.add("two at a time with key " + key);
            }
            if (key == 0) {
                busy.incrementAndGet();
                gate.await(); // the others are not held up by it
            }
            byKey.computeIfAbsent(key, k -> new ArrayList<>()).add(event.data());
            running.get(key).decrementAndGet();
        }));
        publish("n", 1_000);
        await().until(() -> IntStream.range(1, 5)
                .allMatch(key -> byKey.getOrDefault(key, List.of()).size() == 200));
        assertEquals(1, busy.get());
        gate.countDown();
        await().until(() -> byKey.getOrDefault(0, List.of()).size() == 200);
        assertEquals(List.of(), wrong);
        byKey.forEach((key, seen) ->
                assertEquals(IntStream.range(0, 200).mapToObj(i -> i * 5 + key).toList(), seen));
    }

    @Test
    void aKeyThatCannotBeToldIsReportedAndTheEventHandledAllTheSame() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        SubscribeOptions failing = DEFAULT.withConcurrency(2).withOrderingKey(event -> {
            throw new IllegalStateException("no key");
        });
        ready(there.subscribe("n", Integer.class, failing, event -> seen.add(event.data())));
        publish("n", 1);
        await().until(() -> seen.equals(List.of(0)));
        await().until(() -> listener.told.equals(List.of("failed n 0: no key")));
    }

    /** As a program may have them, if a publisher leaves a field out. */
    private record Touchy(int number) {

        @Override
        public int hashCode() {
            if (number == 1) {
                throw new IllegalStateException("no hash");
            }
            return 7;
        }

        @Override
        public boolean equals(Object other) {
            throw new IllegalStateException("not equal to anything");
        }
    }

    @Test
    void keysThatCannotBeComparedCostNoEvent() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        SubscribeOptions touchy =
                DEFAULT.withConcurrency(2).withOrderingKey(event -> new Touchy((Integer) event.data()));
        ready(there.subscribe("n", Integer.class, touchy, event -> {
            gate.await();
            seen.add(event.data());
        }));
        publish("n", 4);
        gate.countDown();
        await().until(() -> seen.stream().sorted().toList().equals(List.of(0, 1, 2, 3)));
        await().until(() -> listener.told.contains("failed n 1: no hash"));
    }

    @Test
    void aHandlerThatFailsIsGivenTheEventAgainBeforeItCountsAsFailed() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        SubscribeOptions twice = DEFAULT.withRetries(2, Duration.ofMillis(1));
        Subscription subscription = there.subscribe("n", Integer.class, twice, event -> {
            seen.add(event.data());
            boolean third = seen.size() == 3;
            if (event.data() == 1 || (event.data() == 0 && !third)) {
                throw new IllegalStateException("on purpose; its trace belongs to this test");
            }
            if (event.data() == 2) {
                throw new StackOverflowError("on purpose; its trace belongs to this test");
            }
        });
        ready(subscription);
        publish("n", 4);
        await().until(() -> seen.equals(List.of(0, 0, 0, 1, 1, 1, 2, 3)));
        await().until(() -> listener.told.equals(List.of(
                "failed n 1: on purpose; its trace belongs to this test",
                "failed n 2: on purpose; its trace belongs to this test")));
        await().until(() -> subscription.stats().equals(new SubscriptionStats(4, 2, 2, 4, 0, 0, 0, 0)));
        assertEquals(2, there.stats().handlerFailures());
        assertEquals(2, there.stats().handled());
    }

    @Test
    void aFullMailboxDropsTheNewestAndSaysSoOncePerEpisode() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        CountDownLatch started = new CountDownLatch(1);
        Subscription subscription = there.subscribe("n", Integer.class, DEFAULT.withMailbox(10, 1 << 20), event -> {
            started.countDown();
            gate.await();
            seen.add(event.data());
        });
        ready(subscription);
        publish("n", 1);
        assertTrue(started.await(5, SECONDS));
        IntStream.range(1, 30).forEach(i -> here.publish("n", i).join());
        await().until(() -> subscription.stats().dropped() == 20);
        await().until(() -> listener.told.equals(List.of("dropping n")));
        assertEquals(20, there.stats().dropped());
        gate.countDown();
        await().until(() -> seen.equals(IntStream.range(0, 10).boxed().toList()));
        await().until(() -> listener.told.equals(List.of("dropping n", "dropped n 20")));
        here.publish("n", 99).join();
        await().until(() -> seen.contains(99));
        assertEquals(new SubscriptionStats(31, 11, 0, 0, 0, 20, 0, 0), settled(subscription));
    }

    @Test
    void theOldestMakeRoomWhereThatWasChosen() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        CountDownLatch started = new CountDownLatch(1);
        SubscribeOptions latest = DEFAULT.withMailbox(10, 1 << 20).withOverflow(Overflow.DROP_OLDEST);
        Subscription subscription = there.subscribe("n", Integer.class, latest, event -> {
            started.countDown();
            gate.await();
            seen.add(event.data());
        });
        ready(subscription);
        publish("n", 1);
        assertTrue(started.await(5, SECONDS));
        IntStream.range(1, 30).forEach(i -> here.publish("n", i).join());
        await().until(() -> subscription.stats().dropped() == 20);
        gate.countDown();
        await().until(() -> seen.size() == 10);
        assertEquals(0, seen.get(0));
        assertEquals(IntStream.range(21, 30).boxed().toList(), seen.subList(1, 10));
        await().until(() -> listener.told.equals(List.of("dropping n", "dropped n 20")));
    }

    @Test
    void anOverflowClosesTheSubscriptionWhereThatWasChosenAndNothingIsHandledBehindTheHole() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        CountDownLatch started = new CountDownLatch(1);
        SubscribeOptions strict = DEFAULT.withMailbox(10, 1 << 20).withOverflow(Overflow.CLOSE);
        Subscription subscription = there.subscribe("n", Integer.class, strict, event -> {
            started.countDown();
            gate.await();
            seen.add(event.data());
        });
        ready(subscription);
        publish("n", 1);
        assertTrue(started.await(5, SECONDS));
        IntStream.range(1, 12).forEach(i -> here.publish("n", i).join());
        await().until(() -> here.publish("n", 100).join() == 0); // it is no receiver any more
        gate.countDown();
        subscription.closed().get(5, SECONDS);
        assertEquals(IntStream.range(0, 10).boxed().toList(), seen);
        await().until(() -> listener.told.size() == 3 && listener.told.get(0).equals("dropping n"));
    }

    @Test
    void whatComesAfterTheEndIsNotCountedAsReceived() throws Exception {
        SubscribeOptions strict = DEFAULT.withMailbox(10, 1 << 20).withOverflow(Overflow.CLOSE);
        Subscription subscription = there.subscribe("n", Integer.class, strict, event -> gate.await());
        ready(subscription);
        String event = "{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"/s\",\"type\":\"T\",\"data\":1}";
        RawFrames.publish(
                        here,
                        "n",
                        IntStream.range(0, 20)
                                .mapToObj(event::formatted)
                                .toList()
                                .toString())
                .get(5, SECONDS);
        await().until(() -> subscription.stats().dropped() == 1);
        gate.countDown();
        subscription.closed().get(5, SECONDS);
        assertEquals(new SubscriptionStats(11, 10, 0, 0, 0, 1, 0, 0), subscription.stats());
    }

    @Test
    void anInterruptIsForOneEventAndNotForTheNext() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Integer.class, event -> {
            gate.await();
            seen.add(event.data());
            Thread.currentThread().interrupt();
        }));
        publish("n", 3);
        gate.countDown();
        await().until(() -> seen.equals(List.of(0, 1, 2)));
        assertEquals(List.of(), listener.told);
    }

    @Test
    void aHandlerThatWaitsForItsOwnEndIsToldAndTheSubscriptionEndsAllTheSame() throws Exception {
        CompletableFuture<Subscription> own = new CompletableFuture<>();
        List<String> told = new CopyOnWriteArrayList<>();
        Subscription subscription = there.subscribe("n", Integer.class, DEFAULT.withConcurrency(2), event -> {
            Subscription mine = own.join();
            mine.close();
            for (CompletableFuture<Void> end :
                    List.of(mine.closed(), mine.closed().thenRun(() -> {}))) {
                told.add(assertThrows(IllegalStateException.class, end::join).getMessage());
                assertThrows(IllegalStateException.class, () -> end.get(5, SECONDS));
            }
        });
        own.complete(subscription);
        ready(subscription);
        publish("n", 1);
        subscription.closed().get(5, SECONDS);
        String sentence = "The handler of n would wait for its own end, which comes when it returns. Close the"
                + " subscription without waiting, or wait on another thread";
        assertEquals(List.of(sentence, sentence), told);
        assertEquals(List.of(), listener.told);
    }

    @Test
    void handlersRunOnTheExecutorThatWasGiven() throws Exception {
        ExecutorService own = Executors.newSingleThreadExecutor(task -> new Thread(task, "own"));
        try {
            List<String> threads = new CopyOnWriteArrayList<>();
            ready(there.subscribe(
                    "n",
                    Integer.class,
                    DEFAULT.withExecutor(own),
                    event -> threads.add(Thread.currentThread().getName())));
            publish("n", 3);
            await().until(() -> threads.equals(List.of("own", "own", "own")));
        } finally {
            own.shutdown();
        }
    }

    @Test
    void anExecutorThatRefusesEndsItsSubscriptionAndNoOther() throws Exception {
        anExecutorThatThrowsEndsItsSubscriptionAndNoOther(new RejectedExecutionException("on purpose"));
    }

    @Test
    void anExecutorThatFailsInItsOwnWayEndsItsSubscriptionAndNoOther() throws Exception {
        anExecutorThatThrowsEndsItsSubscriptionAndNoOther(new IllegalStateException("on purpose"));
    }

    private void anExecutorThatThrowsEndsItsSubscriptionAndNoOther(RuntimeException failure) throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        SubscribeOptions refused = DEFAULT.withExecutor(task -> {
            throw failure;
        });
        Subscription subscription = there.subscribe("n", Integer.class, refused, event -> seen.add(-1));
        ready(subscription);
        ready(there.subscribe("n", Integer.class, event -> seen.add(event.data())));
        publish("n", 3);
        subscription.closed().get(5, SECONDS);
        await().until(() -> seen.equals(List.of(0, 1, 2)));
        String ended = "ended n: its executor refused to run the handler: "
                + failure.getClass().getName();
        await().until(() -> Set.copyOf(listener.told).equals(Set.of("dropping n", "dropped n 1", ended)));
    }

    @Test
    void anExecutorThatRunsOutOfStackOnceCostsNoEvent() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        List<Integer> seen = new CopyOnWriteArrayList<>();
        ExecutorService own = Executors.newSingleThreadExecutor();
        try {
            SubscribeOptions failing = DEFAULT.withExecutor(task -> {
                if (asked.getAndIncrement() == 0) {
                    throw new StackOverflowError("on purpose; its trace belongs to this test");
                }
                own.execute(task);
            });
            Subscription subscription = there.subscribe("n", Integer.class, failing, event -> seen.add(event.data()));
            ready(subscription);
            publish("n", 1); // and no other one, which would be the next occasion
            await().until(() -> seen.equals(List.of(0)));
            subscription.close();
            subscription.closed().get(5, SECONDS);
        } finally {
            own.shutdown();
        }
    }

    @Test
    void optionsOutOfRangeAreMistakesOfTheProgram() {
        assertEquals(
                "concurrency is 0; it must be between 1 and 1024",
                assertThrows(IllegalArgumentException.class, () -> DEFAULT.withConcurrency(0))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> DEFAULT.withMailbox(0, 1));
        assertThrows(IllegalArgumentException.class, () -> DEFAULT.withMailbox(1, 0));
        assertThrows(IllegalArgumentException.class, () -> DEFAULT.withRetries(21, Duration.ZERO));
        assertThrows(IllegalArgumentException.class, () -> DEFAULT.withRetries(1, Duration.ofMillis(-1)));
    }

    private void publish(String topic, int events) {
        IntStream.range(0, events).forEach(i -> here.publish(topic, i));
    }

    private static SubscriptionStats settled(Subscription subscription) {
        await().until(() -> subscription.stats().waiting() == 0);
        return subscription.stats();
    }
}
