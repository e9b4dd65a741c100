package dev.omnibus.channel;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
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
}
