package dev.omnibus.internal.concurrent;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {

    private final AtomicInteger made = new AtomicInteger();
    private final CountDownLatch mayArrive = new CountDownLatch(1);
    private final AtomicBoolean noThreads = new AtomicBoolean();
    private final AtomicBoolean forgetful = new AtomicBoolean();
    private final Timer timer = new Timer("test-timer");
    private final WorkerPool workers = new WorkerPool(threads(), 64, timer);

    private ThreadFactory threads() {
        return work -> {
            if (noThreads.get()) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            made.incrementAndGet();
            if (forgetful.getAndSet(false)) {
                return new Thread(() -> {});
            }
            Thread thread = new Thread(() -> {
                join(mayArrive);
                work.run();
            });
            thread.setUncaughtExceptionHandler((failed, problem) -> {});
            thread.setDaemon(true);
            return thread;
        };
    }

    @AfterEach
    void end() {
        mayArrive.countDown();
        workers.shutdownNow();
        timer.end();
    }

    private static void join(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void oneThreadIsCalledForHoweverManyTasksWaitForIt() {
        CountDownLatch done = new CountDownLatch(100);
        for (int i = 0; i < 100; i++) {
            workers.execute(done::countDown);
        }
        assertEquals(1, made.get());

        mayArrive.countDown();

        await().until(() -> done.getCount() == 0);
    }

    @Test
    void aTaskNeverWaitsForTheEndOfAnother() {
        mayArrive.countDown();
        CountDownLatch all = new CountDownLatch(50);
        List<CompletableFuture<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            tasks.add(CompletableFuture.runAsync(
                    () -> {
                        all.countDown();
                        join(all); // each of them until the last one has begun
                    },
                    workers));
        }
        CompletableFuture.allOf(tasks.toArray(CompletableFuture[]::new))
                .orTimeout(30, SECONDS)
                .join();
    }

    @Test
    void beyondTheBoundTasksWaitInOrderAndThreadsComeSlowly() {
        WorkerPool bounded = new WorkerPool(threads(), 4, timer);
        mayArrive.countDown();
        CountDownLatch free = new CountDownLatch(1);
        List<Integer> run = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 4; i++) {
            bounded.execute(() -> join(free));
        }
        for (int i = 0; i < 1_000; i++) {
            int number = i;
            bounded.execute(() -> {
                run.add(number);
                join(free);
            });
        }
        await().until(() -> run.size() >= 2); // all others are held up, and may wait for these
        assertEquals(List.of(0, 1), run.subList(0, 2));
        assertTrue(made.get() < 100, () -> made + " threads");
        free.countDown();
        await().until(() -> run.size() == 1_000);
        bounded.shutdownNow();
    }

    @Test
    void whatTheThreadsWaitForGoesAheadOfWhatElseWaits() {
        WorkerPool bounded = new WorkerPool(threads(), 4, timer);
        mayArrive.countDown();
        CountDownLatch outcome = new CountDownLatch(1);
        AtomicInteger held = new AtomicInteger();
        for (int i = 0; i < 1_000; i++) {
            bounded.execute(() -> {
                held.incrementAndGet();
                join(outcome);
            });
        }
        bounded.awaited().execute(outcome::countDown);
        await().until(() -> held.get() == 1_000);
        assertTrue(made.get() < 100, () -> made + " threads");
        bounded.shutdownNow();
    }

    @Test
    void manyThreadsMayGiveTasksAtTheSameTimeAndNoneIsForgotten() {
        mayArrive.countDown();
        int each = 20_000;
        AtomicInteger run = new AtomicInteger();
        ExecutorService givers = Executors.newFixedThreadPool(4);
        for (int giver = 0; giver < 4; giver++) {
            givers.execute(() -> {
                for (int i = 0; i < each; i++) {
                    workers.execute(run::incrementAndGet);
                    if (i % 100 == 0) {
                        LockSupport.parkNanos(1); // so that the workers run out of tasks now and then
                    }
                }
            });
        }
        givers.shutdown();
        await().atMost(30, SECONDS).until(() -> run.get() == 4 * each);
    }

    @Test
    void aTaskThatFailsOrIsInterruptedLeavesTheNextOneAlone() {
        workers.execute(() -> {
            throw new IllegalStateException("of the task's own");
        });
        workers.execute(() -> Thread.currentThread().interrupt());
        CompletableFuture<Boolean> interrupted =
                CompletableFuture.supplyAsync(() -> Thread.currentThread().isInterrupted(), workers);

        mayArrive.countDown();

        assertFalse(interrupted.join());
    }

    @Test
    void withoutAThreadATaskIsNotTakenAndTheNextOneIsWhenThereIsOneAgain() {
        mayArrive.countDown();
        noThreads.set(true);
        AtomicInteger run = new AtomicInteger();
        assertThrows(OutOfMemoryError.class, () -> workers.execute(run::incrementAndGet));

        noThreads.set(false);
        CompletableFuture.runAsync(run::incrementAndGet, workers).join();

        assertEquals(1, run.get());
    }

    /** As when it has no memory for its first step. */
    @Test
    void aThreadThatDiesBeforeItHasArrivedIsNotAwaitedForEver() {
        mayArrive.countDown();
        forgetful.set(true);
        AtomicInteger run = new AtomicInteger();
        workers.execute(run::incrementAndGet);

        await().atMost(30, SECONDS).until(() -> {
            workers.execute(run::incrementAndGet);
            return run.get() > 1;
        });
    }

    @Test
    void afterAShutdownWhatWasTakenIsDoneAndNothingMoreIsTaken() throws InterruptedException {
        AtomicInteger run = new AtomicInteger();
        for (int i = 0; i < 10; i++) {
            workers.execute(run::incrementAndGet);
        }
        workers.shutdown();
        assertThrows(RejectedExecutionException.class, () -> workers.execute(run::incrementAndGet));
        assertTrue(workers.isShutdown());

        mayArrive.countDown();

        assertTrue(workers.awaitTermination(30, SECONDS));
        assertTrue(workers.isTerminated());
        assertEquals(10, run.get());
    }

    @Test
    void alsoAfterAShutdownATaskDoesNotWaitForTheEndOfAnother() {
        CountDownLatch both = new CountDownLatch(2);
        for (int i = 0; i < 2; i++) {
            workers.execute(() -> {
                both.countDown();
                join(both);
            });
        }
        workers.shutdown();

        mayArrive.countDown();

        await().atMost(30, SECONDS).until(() -> both.getCount() == 0);
    }

    @Test
    void aHardShutdownBeginsWhatWaitsAndInterruptsIt() {
        CompletableFuture<Boolean> first =
                CompletableFuture.supplyAsync(() -> Thread.currentThread().isInterrupted(), workers);
        CompletableFuture<Boolean> second =
                CompletableFuture.supplyAsync(() -> Thread.currentThread().isInterrupted(), workers);

        assertEquals(List.of(), workers.shutdownNow());

        assertTrue(first.orTimeout(30, SECONDS).join());
        assertTrue(second.orTimeout(30, SECONDS).join());
    }

    @Test
    void aHardShutdownInterruptsWhatRuns() {
        CompletableFuture<Void> interrupted = new CompletableFuture<>();
        CountDownLatch running = new CountDownLatch(1);
        mayArrive.countDown();
        workers.execute(() -> {
            running.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.complete(null);
            }
        });
        join(running);

        assertEquals(List.of(), workers.shutdownNow());

        interrupted.orTimeout(30, SECONDS).join();
    }
}
