package dev.omnibus.internal.concurrent;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A timer: one daemon thread, which does not die without a successor.
 *
 * <p>A bus has one, and all of its waits are here. The JDK's own, of {@code CompletableFuture}, is shared by the whole
 * JVM, keeps alive what has called for it first, and is gone for good when it could not be started once.
 *
 * <p>What a task throws ends no thread. But when memory is exhausted, the pool itself may throw while it waits for the
 * next task, and then no other thread can be made either. Nobody would notice: the heartbeat is what notices, and it
 * comes from here. So a thread that has died waits until the next one has begun. Thread-safe.
 */
public final class Timer extends ScheduledThreadPoolExecutor {

    private static final Logger LOG = LoggerFactory.getLogger(Timer.class);
    private static final Duration NO_MEMORY = Duration.ofMillis(50);

    private final Set<Runnable> limited = ConcurrentHashMap.newKeySet(); // what fails futures that were

    /**
     * Makes one. Its thread begins with the first task.
     *
     * @param name how the thread is called
     */
    public Timer(String name) {
        super(1);
        setThreadFactory(threads(name));
        setRemoveOnCancelPolicy(true);
        setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    private ThreadFactory threads(String name) {
        return work -> {
            Thread thread = new Thread(
                    () -> {
                        try {
                            work.run();
                        } finally {
                            succeed();
                        }
                    },
                    name);
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Nothing that is done here before there is memory again needs any. */
    private void succeed() {
        boolean succeeded = false;
        while (!succeeded && !isShutdown()) {
            try {
                boolean unused = prestartCoreThread(); // false if the pool has done so itself
                succeeded = true;
            } catch (OutOfMemoryError e) {
                LockSupport.parkNanos(NO_MEMORY.toNanos());
            }
        }
    }

    /** A task that an executor may have begun although it failed to take it. */
    private static final class Once extends AtomicBoolean implements Runnable {

        private static final long serialVersionUID = 1;

        private final transient Runnable task;

        Once(Runnable task) {
            this.task = task;
        }

        @Override
        public void run() {
            if (compareAndSet(false, true)) {
                task.run();
            }
        }
    }

    /**
     * Hands a task to an executor after a while, and again if there was no memory or no thread for it. Once this has
     * ended, nothing happens.
     *
     * @param delay how long it waits
     * @param on where it runs
     * @param task what to run
     */
    public void later(Duration delay, Executor on, Runnable task) {
        Once once = new Once(task);
        soon(delay, () -> on.execute(once));
    }

    /**
     * Runs a task on this thread after a while, and again if there was no memory for it. Once this has ended, nothing
     * happens.
     *
     * @param delay how long it waits
     * @param task what to run; is done at once, and may be begun twice
     */
    public void soon(Duration delay, Runnable task) {
        try {
            Future<?> unused = schedule(() -> attempt(task), delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.trace("The timer has ended, and what waits with it", e);
        }
    }

    /**
     * Runs tasks later on one executor.
     *
     * @param on the executor
     * @return runs them
     */
    public DelayedExecutor on(Executor on) {
        return (delay, task) -> later(delay, on, task);
    }

    private void attempt(Runnable task) {
        try {
            task.run();
        } catch (RejectedExecutionException e) {
            LOG.trace("An executor has ended, and what waits with it", e);
        } catch (OutOfMemoryError e) {
            again(task);
        } catch (Throwable t) {
            Mailbox.complain("What had waited failed", t);
        }
    }

    /** A little later, since it may be threads that are short, and this one is needed. */
    private void again(Runnable task) {
        boolean waits = false;
        while (!waits && !isShutdown()) {
            try {
                soon(NO_MEMORY, task);
                waits = true;
            } catch (OutOfMemoryError e) {
                LockSupport.parkNanos(NO_MEMORY.toNanos());
            }
        }
    }

    /**
     * Fails a future with a {@link TimeoutException} if it has no end by then, or when this ends. What depends on it
     * should be asynchronous, for it would run on this thread.
     *
     * @param future what is awaited
     * @param timeout for how long
     * @param <T> of what kind
     * @return the same future
     */
    public <T> CompletableFuture<T> limit(CompletableFuture<T> future, Duration timeout) {
        Runnable timeOut = () -> future.completeExceptionally(new TimeoutException());
        limited.add(timeOut);
        try {
            Future<?> wait = schedule(() -> attempt(timeOut), timeout.toNanos(), TimeUnit.NANOSECONDS);
            CompletableFuture<T> unused = future.whenComplete((value, failure) -> {
                wait.cancel(false);
                limited.remove(timeOut);
            });
        } catch (RejectedExecutionException e) {
            limited.remove(timeOut);
            timeOut.run();
        }
        return future;
    }

    /** Ends it. What waits is forgotten; futures that were limited fail, so that nobody waits for them. */
    public void end() {
        shutdownNow();
        limited.forEach(Runnable::run);
    }
}
