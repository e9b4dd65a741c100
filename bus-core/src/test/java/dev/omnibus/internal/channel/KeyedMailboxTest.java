package dev.omnibus.internal.channel;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.internal.concurrent.Mailbox.Limits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Mailboxes that keep order among items with equal keys. */
class KeyedMailboxTest {

    private static final Limits ROOMY = new Limits(1_000_000, 1_000_000_000);

    private record Item(String key, int number) {}

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final CountDownLatch admission = new CountDownLatch(1);

    @AfterEach
    void letGo() {
        admission.countDown();
        executor.shutdownNow();
    }

    @Test
    void itemsWithEqualKeysAreHandledInOrderAndNeverAtTheSameTime() throws Exception {
        Map<String, AtomicInteger> inside = new ConcurrentHashMap<>();
        Map<String, List<Integer>> handled = new ConcurrentHashMap<>();
        AtomicInteger overlaps = new AtomicInteger();
        Mailbox<Item> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 4, ROOMY, item -> 1, Item::key, (item, next) -> {
                    AtomicInteger here = inside.computeIfAbsent(item.key(), key -> new AtomicInteger());
                    overlaps.addAndGet(here.getAndIncrement());
                    handled.computeIfAbsent(item.key(), key -> new ArrayList<>())
                            .add(item.number());
                    Thread.onSpinWait();
                    here.decrementAndGet();
                });
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            int thread = t;
            threads.add(new Thread(() -> {
                Random random = new Random(thread);
                Map<String, Integer> next = new HashMap<>();
                for (int i = 0; i < 10_000; i++) {
                    String key = thread + "-" + random.nextInt(7);
                    assertTrue(mailbox.offer(new Item(key, next.merge(key, 1, Integer::sum))));
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        mailbox.close().get(20, SECONDS);
        assertEquals(0, overlaps.get());
        assertEquals(21, handled.size());
        int all = 0;
        for (List<Integer> numbers : handled.values()) {
            for (int i = 0; i < numbers.size(); i++) {
                assertEquals(i + 1, numbers.get(i));
            }
            all += numbers.size();
        }
        assertEquals(30_000, all);
        assertEquals(0, mailbox.size());
    }

    @Test
    void aBusyKeyHoldsUpNoOtherHoweverManyOfItWait() {
        List<Item> done = new CopyOnWriteArrayList<>();
        Mailbox<Item> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 2, ROOMY, item -> 1, Item::key, (item, next) -> {
                    if (item.key().equals("slow")) {
                        pass(admission);
                    }
                    done.add(item);
                });
        for (int i = 0; i < 100; i++) {
            assertTrue(mailbox.offer(new Item("slow", i)));
        }
        for (int i = 0; i < 1_000; i++) {
            assertTrue(mailbox.offer(new Item("quick" + i % 10, i)));
        }
        await().until(() -> done.size() == 1_000);
        assertTrue(done.stream().noneMatch(item -> item.key().equals("slow")));
        admission.countDown();
        await().until(() -> done.size() == 1_100);
        assertEquals(99, done.get(1_099).number());
    }

    @Test
    void asManyKeysAsThreadsRunBesideOneAnother() {
        AtomicInteger inside = new AtomicInteger();
        Mailbox<Item> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 3, ROOMY, item -> 1, Item::key, (item, next) -> {
                    inside.incrementAndGet();
                    pass(admission);
                });
        for (int i = 0; i < 12; i++) {
            mailbox.offer(new Item("key" + i % 3, i));
        }
        await().until(() -> inside.get() == 3);
    }

    @Test
    void anItemWithoutAKeyWaitsForNoOther() {
        AtomicInteger inside = new AtomicInteger();
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 3, ROOMY, item -> 1, item -> null, (item, next) -> {
                    inside.incrementAndGet();
                    pass(admission);
                });
        for (int i = 0; i < 3; i++) {
            mailbox.offer(i);
        }
        await().until(() -> inside.get() == 3);
    }

    @Test
    void aHandlerThatPassesItemsOnKeepsTheOrderOfEachKey() throws Exception {
        Map<String, List<Integer>> handled = new ConcurrentHashMap<>();
        Mailbox<Item> behind = new Mailbox<>(
                executor,
                Notes.TIMER.on(executor),
                3,
                ROOMY,
                item -> 1,
                Item::key,
                (item, next) -> handled.computeIfAbsent(item.key(), key -> new ArrayList<>())
                        .add(item.number()));
        Mailbox<Item> front = new Mailbox<>(
                executor, Notes.TIMER.on(executor), 1, ROOMY, item -> 1, (item, next) -> behind.offer(item, next));
        for (int i = 0; i < 20_000; i++) {
            assertTrue(front.offer(new Item("key" + i % 5, i / 5)));
        }
        front.close().get(20, SECONDS);
        behind.close().get(20, SECONDS);
        for (List<Integer> numbers : handled.values()) {
            assertEquals(4_000, numbers.size());
            for (int i = 0; i < numbers.size(); i++) {
                assertEquals(i, numbers.get(i));
            }
        }
    }

    @Test
    void theKeyIsAskedForOutsideOfTheLockAndAMistakeInItIsTheCallersOwn() {
        Mailbox<Integer> mailbox = new Mailbox<>(
                executor,
                Notes.TIMER.on(executor),
                2,
                ROOMY,
                item -> 1,
                item -> {
                    if (item < 0) {
                        throw new IllegalArgumentException("on purpose");
                    }
                    return item;
                },
                (item, next) -> {});
        boolean thrown = false;
        try {
            mailbox.offer(-1);
        } catch (IllegalArgumentException e) {
            thrown = true;
        }
        assertTrue(thrown);
        assertEquals(0, mailbox.size());
        assertTrue(mailbox.offer(1));
    }

    @Test
    void closingCompletesWhenTheLastOfABusyKeyIsDone() throws Exception {
        List<Integer> done = new CopyOnWriteArrayList<>();
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 4, ROOMY, item -> 1, item -> "same", (item, next) -> {
                    pass(admission);
                    done.add(item);
                });
        for (int i = 0; i < 10; i++) {
            mailbox.offer(i);
        }
        var closed = mailbox.close();
        assertFalse(closed.isDone());
        admission.countDown();
        closed.get(10, SECONDS);
        assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), done);
    }

    private static void pass(CountDownLatch admission) {
        try {
            admission.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
