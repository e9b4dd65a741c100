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
 * A timer with one daemon thread, which is replaced when it dies.
 *
 * <p>A bus has one timer for all its delays. The JDK's own, of {@code CompletableFuture}, is shared by the whole JVM,
 * keeps its first user's class loader alive, and is dead for good once its thread could not be started.
 *
 * <p>Exceptions of tasks do not end the thread. But when memory is exhausted, the pool itself may throw while it waits
 * for the next task, and cannot start another thread then either. Nothing would notice: the heartbeat, which would,
 * runs here. So a dying thread waits until its successor has started. Thread-safe.
 */
public final class Timer extends ScheduledThreadPoolExecutor {

    private static final Logger LOG = LoggerFactory.getLogger(Timer.class);
    private static final Duration NO_MEMORY = Duration.ofMillis(50);

    private final Set<Runnable> limited = ConcurrentHashMap.newKeySet(); // timeouts of limited futures

    /**
     * Creates a timer, whose thread starts with the first task.
     *
     * @param name the name of the thread
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

    /** Starts a successor. Until there is memory again, nothing here allocates any. */
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

    /** A task that runs once, because an executor may have started it although it threw. */
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
     * Passes a task to an executor after a delay, and again if there was no memory or no thread for it. Does nothing
     * once the timer is shut down.
     *
     * @param delay how long it waits
     * @param on the executor
     * @param task what to run
     */
    public void later(Duration delay, Executor on, Runnable task) {
        Once once = new Once(task);
        soon(delay, () -> on.execute(once));
    }

    /**
     * Runs a task on the timer's thread after a delay, and again if there was no memory for it. Does nothing once the
     * timer is shut down.
     *
     * @param delay how long it waits
     * @param task what to run; must be fast, and may be started twice
     */
    public void soon(Duration delay, Runnable task) {
        try {
            Future<?> unused = schedule(() -> attempt(task), delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.trace("The timer has been shut down, and what waits is discarded", e);
        }
    }

    /**
     * Returns a delayed executor on top of another one.
     *
     * @param on where tasks run
     * @return the delayed executor
     */
    public DelayedExecutor on(Executor on) {
        return (delay, task) -> later(delay, on, task);
    }

    private void attempt(Runnable task) {
        try {
            task.run();
        } catch (RejectedExecutionException e) {
            LOG.trace("An executor has been shut down, and what waits is discarded", e);
        } catch (OutOfMemoryError e) {
            again(task);
        } catch (Throwable t) {
            Mailbox.complain("A delayed task failed", t);
        }
    }

    /** Retries a little later, since it may be threads that are lacking, and this one is needed. */
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
     * Fails a future with a {@link TimeoutException} if it is not complete by then, or when the timer ends. Dependent
     * stages should be asynchronous, as they would run on the timer's thread.
     *
     * @param future the future
     * @param timeout how long it may take
     * @param <T> the type of its value
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

    /** Shuts it down. Waiting tasks are discarded; limited futures fail, so that nothing waits for them. */
    public void end() {
        shutdownNow();
        limited.forEach(Runnable::run);
    }
}
