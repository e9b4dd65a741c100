package dev.omnibus.internal.concurrent;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Runs something once, after a while, on a thread that it may hold up; or waits for that while on this one. */
@FunctionalInterface
public interface DelayedExecutor {

    /**
     * Runs a task after a while. One that waits still when the bus has ended is forgotten.
     *
     * @param delay how long it waits
     * @param task what to run; if there is no memory or no thread for it, it waits longer
     */
    void run(Duration delay, Runnable task);

    /**
     * Waits on this thread. The JDK's timer, by which virtual threads sleep, is gone for good when there once was no
     * memory for it, so this does not rely on it alone.
     *
     * @param delay for how long
     * @throws InterruptedException if the thread is interrupted, before or meanwhile
     */
    default void pause(Duration delay) throws InterruptedException {
        long end = System.nanoTime() + delay.toNanos();
        Thread waiting = Thread.currentThread();
        run(delay, () -> LockSupport.unpark(waiting));
        for (long rest = delay.toNanos(); !Thread.interrupted(); rest = end - System.nanoTime()) {
            if (rest <= 0) {
                return;
            }
            LockSupport.parkNanos(this, rest);
        }
        throw new InterruptedException();
    }
}
