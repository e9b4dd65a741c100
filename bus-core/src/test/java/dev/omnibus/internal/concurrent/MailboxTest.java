package dev.omnibus.internal.concurrent;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.channel.Notes;
import dev.omnibus.internal.concurrent.Mailbox.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MailboxTest {

    private static final Limits ROOMY = new Limits(1_000_000, 1_000_000_000);

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final CountDownLatch gate = new CountDownLatch(1);

    @AfterEach
    void letGo() {
        gate.countDown();
        executor.shutdownNow();
    }

    @Test
    void withOneThreadEachOfferingThreadsOrderIsKept() throws Exception {
        int threads = 4;
        int each = 5_000;
        List<int[]> handled = new ArrayList<>(); // only one thread at a time writes, or the test fails
        Mailbox<int[]> mailbox = new Mailbox<>(
                executor, Notes.TIMER.on(executor), 1, ROOMY, item -> 1, (item, next) -> handled.add(item));
        List<Thread> offering = IntStream.range(0, threads)
                .mapToObj(t -> new Thread(() -> {
                    for (int i = 0; i < each; i++) {
                        assertTrue(mailbox.offer(new int[] {t, i}));
                    }
                }))
                .toList();
        offering.forEach(Thread::start);
        for (Thread thread : offering) {
            thread.join();
        }
        mailbox.close().get(10, SECONDS);

        int[] nextOf = new int[threads];
        for (int[] item : handled) {
            assertEquals(nextOf[item[0]]++, item[1]);
        }
        assertEquals(threads * each, handled.size());
        assertEquals(0, mailbox.size());
    }

    @Test
    void theAllowedNumberOfThreadsIsReachedAndNeverExceeded() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 3, ROOMY, item -> 1, (item, next) -> {
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    pass(gate);
                    inside.decrementAndGet();
                });
        IntStream.range(0, 1_000).forEach(mailbox::offer);
        await().until(() -> inside.get() == 3);
        gate.countDown();
        mailbox.close().get(10, SECONDS);
        assertEquals(3, most.get());
    }

    @Test
    void aBlockedHandlerDoesNotHoldUpOtherItemsWhenThereAreMoreThreads() {
        List<Integer> done = new CopyOnWriteArrayList<>();
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 2, ROOMY, item -> 1, (item, next) -> {
                    if (item == 0) {
                        pass(gate);
                    }
                    done.add(item);
                });
        IntStream.range(0, 100).forEach(mailbox::offer);
        await().until(() -> done.size() == 99);
        assertFalse(done.contains(0));
    }

    @Test
    void moreItemsThanTheLimitAreRefusedUntilThereIsRoom() {
        Mailbox<Integer> mailbox = new Mailbox<>(
                executor, Notes.TIMER.on(executor), 1, new Limits(2, 1_000), item -> 1, (item, next) -> pass(gate));
        assertTrue(mailbox.offer(1));
        assertTrue(mailbox.offer(2));
        assertFalse(mailbox.offer(3));
        gate.countDown();
        await().until(() -> mailbox.size() == 0);
        assertTrue(mailbox.offer(4));
    }

    @Test
    void moreBytesThanTheLimitAreRefusedButASingleLargeItemIsNot() {
        Mailbox<Integer> mailbox = new Mailbox<>(
                executor,
                Notes.TIMER.on(executor),
                1,
                new Limits(100, 1_000),
                item -> item,
                (item, next) -> pass(gate));
        assertTrue(mailbox.offer(5_000));
        assertFalse(mailbox.offer(1));
        gate.countDown();
        await().until(() -> mailbox.size() == 0);
        assertTrue(mailbox.offer(600));
    }

    @Test
    void closingHandlesWhatIsQueuedAndRefusesTheRest() throws Exception {
        List<Integer> done = new CopyOnWriteArrayList<>();
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 1, ROOMY, item -> 1, (item, next) -> {
                    pass(gate);
                    done.add(item);
                });
        IntStream.range(0, 500).forEach(mailbox::offer);
        CompletableFuture<Void> closed = mailbox.close();
        assertFalse(mailbox.offer(500));
        assertFalse(closed.isDone());
        gate.countDown();
        closed.get(10, SECONDS);
        assertEquals(IntStream.range(0, 500).boxed().toList(), done);
        assertTrue(mailbox.close().isDone());
    }

    @Test
    void aHandlerThatThrowsDoesNotStopTheNext() throws Exception {
        List<Integer> done = new CopyOnWriteArrayList<>();
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 1, ROOMY, item -> 1, (item, next) -> {
                    if (item == 1) {
                        throw new AssertionError("on purpose; its trace belongs to this test");
                    }
                    done.add(item);
                });
        IntStream.range(0, 3).forEach(mailbox::offer);
        mailbox.close().get(10, SECONDS);
        assertEquals(List.of(0, 2), done);
    }

    @Test
    void whatIsHandedOverRunsOnTheSameThread() throws Exception {
        CompletableFuture<Thread> first = new CompletableFuture<>();
        CompletableFuture<Thread> second = new CompletableFuture<>();
        Mailbox<Integer> behind = new Mailbox<>(
                executor,
                Notes.TIMER.on(executor),
                1,
                ROOMY,
                item -> 1,
                (item, next) -> second.complete(Thread.currentThread()));
        Mailbox<Integer> front =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 1, ROOMY, item -> 1, (item, next) -> {
                    first.complete(Thread.currentThread());
                    behind.offer(item, next);
                });
        front.offer(1);
        assertSame(first.get(10, SECONDS), second.get(10, SECONDS));
    }

    @Test
    void aBlockedSecondMailboxDoesNotHoldUpTheFirstOrAThirdAndKeepsItsOrder() throws Exception {
        List<Integer> slow = new CopyOnWriteArrayList<>();
        List<Integer> quick = new CopyOnWriteArrayList<>();
        Mailbox<Integer> blocked =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 1, ROOMY, item -> 1, (item, next) -> {
                    pass(gate);
                    slow.add(item);
                });
        Mailbox<Integer> free =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 1, ROOMY, item -> 1, (item, next) -> quick.add(item));
        Mailbox<Integer> front =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 1, ROOMY, item -> 1, (item, next) -> {
                    blocked.offer(item, next);
                    free.offer(item, next);
                });
        List<Integer> items = IntStream.range(0, 1_000).boxed().toList();
        items.forEach(front::offer);
        await().until(() -> quick.size() == 1_000);
        assertEquals(items, quick);
        assertEquals(List.of(), slow);
        gate.countDown();
        blocked.close().get(10, SECONDS);
        assertEquals(items, slow);
    }

    @Test
    void whoIsToldOfTheEndMayWaitForOthersWhoLookAtTheMailbox() throws Exception {
        Mailbox<Integer> mailbox = new Mailbox<>(
                Runnable::run, Notes.TIMER.on(Runnable::run), 1, ROOMY, item -> 1, (item, next) -> pass(gate));
        Thread offering = new Thread(() -> mailbox.offer(1));
        offering.start();
        await().until(() -> mailbox.size() == 1);
        CompletableFuture<Integer> seen = mailbox.close()
                .thenApply(done -> CompletableFuture.supplyAsync(mailbox::size, executor)
                        .orTimeout(5, SECONDS)
                        .join());
        gate.countDown();
        assertEquals(0, seen.get(10, SECONDS));
        offering.join();
    }

    @Test
    void anExecutorThatRejectsMakesOffersFailAndClosingComplete() throws Exception {
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 1, ROOMY, item -> 1, (item, next) -> {});
        executor.shutdown();
        assertFalse(mailbox.offer(1));
        assertFalse(mailbox.offer(2));
        assertEquals(0, mailbox.size());
        mailbox.close().get(10, SECONDS);
    }

    @Test
    void anExecutorThatEndsWhileItemsWaitLetsClosingComplete() throws Exception {
        Mailbox<Integer> mailbox =
                new Mailbox<>(executor, Notes.TIMER.on(executor), 2, ROOMY, item -> 1, (item, next) -> pass(gate));
        mailbox.offer(1);
        CompletableFuture<Void> closed = mailbox.close();
        executor.shutdown();
        gate.countDown();
        closed.get(10, SECONDS);
    }

    /** A rejection means that an executor has ended only if it did not do the work. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anExecutorThatRunsWhatItIsGivenAndFailsThenIsNoMissingThread(boolean rejects) throws Exception {
        List<Integer> done = new CopyOnWriteArrayList<>();
        Executor failing = task -> {
            task.run();
            if (rejects) {
                throw new RejectedExecutionException("on purpose; its trace belongs to this test");
            }
            throw new StackOverflowError("on purpose; its trace belongs to this test");
        };
        Mailbox<Integer> mailbox =
                new Mailbox<>(failing, Notes.TIMER.on(failing), 1, ROOMY, item -> 1, (item, next) -> done.add(item));
        assertTrue(mailbox.offer(1));
        assertTrue(mailbox.offer(2));
        assertEquals(List.of(1, 2), done);
        mailbox.close().get(10, SECONDS);
    }

    /** As a thread pool does that queues a task, and then finds no memory for one more thread. */
    @Test
    void anExecutorThatFailsAndRunsWhatItWasGivenLaterStillLeavesOneThreadAtATime() throws Exception {
        Queue<Runnable> late = new ConcurrentLinkedQueue<>();
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<Integer> done = new CopyOnWriteArrayList<>();
        Executor failing = task -> {
            if (asked.getAndIncrement() == 0) {
                late.add(task);
                throw new OutOfMemoryError("on purpose; its trace belongs to this test");
            }
            executor.execute(task);
        };
        Mailbox<Integer> mailbox =
                new Mailbox<>(failing, Notes.TIMER.on(failing), 1, ROOMY, item -> 1, (item, next) -> {
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    pass(gate);
                    done.add(item);
                    inside.decrementAndGet();
                });
        IntStream.range(0, 10).forEach(mailbox::offer);
        await().until(() -> inside.get() == 1);
        late.forEach(executor::execute);
        IntStream.range(10, 20).forEach(mailbox::offer);
        gate.countDown();
        mailbox.close().get(10, SECONDS);
        assertEquals(IntStream.range(0, 20).boxed().toList(), done);
        assertEquals(1, most.get());
    }

    @Test
    void whoHandlesAnItemKnowsThatAlsoWhenNoOtherThreadCouldBeHad() {
        Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
        CompletableFuture<Boolean> known = new CompletableFuture<>();
        List<Mailbox<Integer>> itself = new ArrayList<>();
        Executor one = task -> {
            if (!tasks.isEmpty()) {
                throw new RejectedExecutionException("on purpose");
            }
            tasks.add(task);
        };
        itself.add(new Mailbox<>(
                one,
                Notes.TIMER.on(one),
                2,
                ROOMY,
                item -> 1,
                (item, next) -> known.complete(itself.get(0).isHandledHere())));
        itself.get(0).offer(1);
        itself.get(0).offer(2);
        tasks.element().run(); // calls for another one
        assertTrue(known.join());
        assertFalse(itself.get(0).isHandledHere());
    }

    @Test
    void whoHandlesAnItemWithinAnotherKnowsThatUntilTheOuterOneHasEnded() {
        List<Boolean> known = new ArrayList<>();
        List<Mailbox<Integer>> itself = new ArrayList<>();
        itself.add(new Mailbox<>(Runnable::run, Notes.TIMER.on(Runnable::run), 2, ROOMY, item -> 1, (item, next) -> {
            if (item == 1) {
                itself.get(0).offer(2);
            }
            known.add(itself.get(0).isHandledHere());
        }));
        itself.get(0).offer(1);
        assertEquals(List.of(true, true), known);
        assertFalse(itself.get(0).isHandledHere());
    }

    private static void pass(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
