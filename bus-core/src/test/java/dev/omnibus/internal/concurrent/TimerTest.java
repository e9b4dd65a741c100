package dev.omnibus.internal.concurrent;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Delayed;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TimerTest {

    private final AtomicReference<Thread> dead = new AtomicReference<>();
    private final Timer timer = new Timer("test-timer");

    @AfterEach
    void end() {
        timer.shutdownNow();
    }

    /** Throws past what catches the errors of tasks, as the pool itself does when it has no memory. */
    private final class Killing extends FutureTask<Void> implements RunnableScheduledFuture<Void> {

        private final long due = System.nanoTime();

        Killing() {
            super(() -> null);
        }

        @Override
        public void run() {
            dead.set(Thread.currentThread());
            Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {});
            throw new OutOfMemoryError("on purpose");
        }

        @Override
        public boolean isPeriodic() {
            return false;
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(due - System.nanoTime(), NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(getDelay(NANOSECONDS), other.getDelay(NANOSECONDS));
        }
    }

    @Test
    void whatATaskThrowsDoesNotEndTheThread() {
        CompletableFuture<Thread> first = new CompletableFuture<>();
        CompletableFuture<Thread> second = new CompletableFuture<>();
        timer.execute(() -> {
            first.complete(Thread.currentThread());
            throw new StackOverflowError("on purpose");
        });
        timer.execute(() -> second.complete(Thread.currentThread()));
        assertTrue(first.join() == second.join());
    }

    @Test
    void aThreadThatHasDiedHasASuccessor() {
        CompletableFuture<Thread> later = new CompletableFuture<>();
        timer.schedule(() -> later.complete(Thread.currentThread()), 200, MILLISECONDS);
        timer.getQueue().add(new Killing());
        assertNotSame(dead.get(), later.join());
        assertTrue(later.join().isDaemon());
        await().until(() -> dead.get() != null && !dead.get().isAlive());
    }

    @Test
    void whatFindsNoThreadIsHandedOverAgainUntilThereIsOne() {
        AtomicInteger refused = new AtomicInteger();
        CompletableFuture<Thread> done = new CompletableFuture<>();
        Executor scarce = task -> {
            if (refused.incrementAndGet() < 3) {
                throw new OutOfMemoryError("on purpose");
            }
            new Thread(task, "at last").start();
        };
        timer.later(Duration.ofMillis(10), scarce, () -> done.complete(Thread.currentThread()));
        assertEquals("at last", done.join().getName());
        assertEquals(3, refused.get());
    }

    @Test
    void whatAnExecutorRefusesAndRunsAllTheSameRunsOnce() {
        AtomicInteger run = new AtomicInteger();
        AtomicInteger asked = new AtomicInteger();
        Executor confused = task -> {
            task.run();
            if (asked.incrementAndGet() < 3) {
                throw new OutOfMemoryError("on purpose");
            }
        };
        timer.later(Duration.ofMillis(10), confused, run::incrementAndGet);
        await().until(() -> asked.get() == 3);
        assertEquals(1, run.get());
    }

    @Test
    void aFutureThatIsLimitedFailsInTimeAndOneThatHasEndedCostsNothingMore() {
        CompletableFuture<String> late = timer.limit(new CompletableFuture<>(), Duration.ofMillis(10));
        CompletableFuture<String> timely = timer.limit(new CompletableFuture<>(), Duration.ofHours(1));
        timely.complete("in time");
        assertTrue(timer.getQueue().size() <= 1);
        assertInstanceOf(
                TimeoutException.class,
                assertThrows(CompletionException.class, late::join).getCause());
        assertEquals("in time", timely.join());
    }

    @Test
    void whenItEndsNobodyWaitsForAFutureAnyMoreAndWhatWaitsIsForgotten() {
        CompletableFuture<String> before = timer.limit(new CompletableFuture<>(), Duration.ofHours(1));
        timer.later(Duration.ofHours(1), Runnable::run, () -> {});
        timer.end();
        CompletableFuture<String> after = timer.limit(new CompletableFuture<>(), Duration.ofHours(1));
        timer.later(Duration.ofHours(1), Runnable::run, () -> {});
        assertTrue(before.isCompletedExceptionally() && after.isCompletedExceptionally());
        assertTrue(timer.getQueue().isEmpty());
    }

    /** As when an executor without memory has dropped what was to clear it. */
    @Test
    void whatIsSaidToBeUnderWayIsNotBelievedForEver() {
        ExpiringFlag lasting = new ExpiringFlag(Duration.ofHours(1));
        assertTrue(lasting.set());
        assertTrue(lasting.isSet());
        assertFalse(lasting.set());
        lasting.clear();
        assertFalse(lasting.isSet());
        assertTrue(lasting.set());

        ExpiringFlag brief = new ExpiringFlag(Duration.ofMillis(20));
        assertTrue(brief.set());
        await().until(() -> !brief.isSet());
        assertTrue(brief.set());
    }

    @Test
    void aPauseIsNotCutShortAndEndsThoughTheTimerHasEnded() throws InterruptedException {
        DelayedExecutor later = timer.on(Runnable::run);
        Duration delay = Duration.ofMillis(20);
        LockSupport.unpark(Thread.currentThread());
        long before = System.nanoTime();
        later.pause(delay);
        timer.end();
        later.pause(delay);
        assertTrue(System.nanoTime() - before >= 2 * delay.toNanos());
    }

    @Test
    void aPauseEndsWithAnInterrupt() {
        DelayedExecutor later = timer.on(Runnable::run);
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> later.pause(Duration.ZERO));
        Thread pausing = Thread.currentThread();
        timer.soon(Duration.ofMillis(20), pausing::interrupt);
        assertThrows(InterruptedException.class, () -> later.pause(Duration.ofDays(1)));
        assertFalse(Thread.interrupted());
    }
}
