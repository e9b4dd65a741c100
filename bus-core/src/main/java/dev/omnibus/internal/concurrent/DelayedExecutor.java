package dev.omnibus.internal.concurrent;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * A delayed executor: runs a task once, after a delay, on a thread that it may block; or waits for that delay on the
 * current one.
 */
@FunctionalInterface
public interface DelayedExecutor {

    /**
     * Runs a task after a delay. A task that still waits when the bus is closed is discarded.
     *
     * @param delay how long the task waits
     * @param task what to run; if there is no memory or no thread for it, it waits longer
     */
    void run(Duration delay, Runnable task);

    /**
     * Waits on the current thread. The JDK's timer, by which virtual threads sleep, is dead for good once there was no
     * memory for its thread, so this does not rely on it alone.
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
