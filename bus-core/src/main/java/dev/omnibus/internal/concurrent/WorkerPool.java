package dev.omnibus.internal.concurrent;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool of platform threads, as many as there is work for at the same time, up to a soft bound.
 *
 * <p>Waking a thread costs more than most tasks do, and a pool that gives every task its own thread, as a cached one
 * does, wakes one for each of many short tasks. Here tasks wait in one queue, and one thread at a time is requested.
 * When it has started and has taken a task, it requests the next one if there are more. So while a thread is on its
 * way, running ones take the short tasks, and none is woken in vain. Up to the bound a task never waits for another one
 * to end: as long as any waits, a thread is on its way, a new one if all others are blocked.
 *
 * <p>At the bound, tasks wait in order. But what the threads wait for may be one of these tasks: a hard bound would be
 * a deadlock. So when no task has been taken for a moment, the pool starts one more thread, which begins with a task
 * that others may wait for, if there is one. Tasks that block for long thus add threads slowly, instead of as many at
 * once as there are tasks.
 */
final class WorkerPool extends AbstractExecutorService {

    private static final Logger LOG = LoggerFactory.getLogger(WorkerPool.class);

    private static final int KEPT_SECONDS = 10;
    private static final Duration STUCK = Duration.ofMillis(100);

    /** Far longer than a thread takes to start, or the timer to fire. */
    private static final Duration FORGOTTEN = Duration.ofSeconds(2);

    /** A task that others may wait for. */
    private record Awaited(Runnable task) implements Runnable {

        @Override
        public void run() {
            task.run();
        }
    }

    private final int most;
    private final ThreadPoolExecutor threads;
    private final Timer timer;
    private final AtomicInteger busy = new AtomicInteger(); // threads that work, or were requested
    private final ExpiringFlag watched = new ExpiringFlag(FORGOTTEN); // whether a check for progress is scheduled
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final ExpiringFlag requested = new ExpiringFlag(FORGOTTEN); // a thread that has not started yet
    private final Set<Thread> lastOnes = ConcurrentHashMap.newKeySet(); // started directly when the pool was shut down
    private volatile boolean stopped;

    WorkerPool(ThreadFactory factory, int most, Timer timer) {
        this.most = most;
        this.timer = timer;
        threads = new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, KEPT_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), factory);
    }

    /**
     * Queues a task.
     *
     * @throws RejectedExecutionException if the pool is shut down
     * @throws OutOfMemoryError if all threads are blocked and no further one can be started
     */
    @Override
    public void execute(Runnable task) {
        if (threads.isShutdown()) {
            throw new RejectedExecutionException("The executor of this bus is shut down");
        }
        tasks.add(task);
        try {
            requestThread();
        } catch (OutOfMemoryError e) {
            if (tasks.remove(task)) { // otherwise another thread has taken it
                throw e;
            }
        }
        if (stopped) {
            runLeftovers();
        }
    }

    /** Returns an executor for tasks that others may wait for. */
    Executor awaited() {
        return task -> execute(new Awaited(task));
    }

    private void requestThread() {
        if (busy.get() >= most) {
            watch();
        } else if (requested.set()) {
            boolean starts = false;
            try {
                begin(this::work);
                starts = true;
            } finally {
                if (!starts) {
                    requested.clear();
                }
            }
        }
    }

    private void begin(Runnable work) {
        busy.incrementAndGet();
        boolean starts = false;
        try {
            threads.execute(work);
            starts = true;
        } catch (RejectedExecutionException shutDown) { // just now, after tasks were accepted
            start(work);
            starts = true;
        } finally {
            if (!starts) {
                busy.decrementAndGet();
            }
        }
    }

    /** Schedules a check whether the first waiting task still waits. */
    private void watch() {
        if (watched.set()) {
            boolean watching = false;
            try {
                Runnable first = tasks.peek();
                timer.soon(STUCK, () -> checkProgress(first));
                watching = true;
            } finally {
                if (!watching) {
                    watched.clear();
                }
            }
        }
    }

    private void checkProgress(@Nullable Runnable before) {
        watched.clear();
        Runnable first = tasks.peek();
        if (first == null) {
            return;
        }
        try {
            if (first == before) {
                begin(this::rescue);
            }
        } catch (OutOfMemoryError e) {
            // there are too many threads already
        } finally {
            watch();
        }
    }

    private void rescue() {
        tasks.stream().filter(Awaited.class::isInstance).findFirst().ifPresent(first -> {
            if (tasks.remove(first)) { // otherwise another thread has taken it
                run(first);
            }
        });
        work();
    }

    private Thread start(Runnable work) {
        Thread thread = threads.getThreadFactory().newThread(() -> {
            try {
                work.run();
            } finally {
                lastOnes.remove(Thread.currentThread());
            }
        });
        lastOnes.add(thread);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            lastOnes.remove(thread);
            throw e;
        }
        return thread;
    }

    private void work() {
        requested.clear(); // before polling: a task that is added from here on finds this thread, or requests one
        try {
            Runnable task;
            while (!stopped && (task = tasks.poll()) != null) {
                if (!tasks.isEmpty()) {
                    requestIfPossible();
                }
                run(task);
            }
        } finally {
            busy.decrementAndGet();
        }
        if (!stopped && !tasks.isEmpty()) { // added while this thread was still counted
            requestIfPossible();
        }
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable t) { // as if the task had a thread of its own, which would end
            uncaught(t);
        }
        if (!stopped) {
            boolean unused = Thread.interrupted(); // the interrupt was meant for that task
        }
    }

    /** Passes an exception to the handler, which belongs to the program, like the code that prints an exception. */
    private static void uncaught(Throwable failure) {
        Thread thread = Thread.currentThread();
        try {
            thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
        } catch (Throwable t) {
            FailureLog.error(LOG, t, "The handler of uncaught exceptions failed");
        }
    }

    /** Requests a thread if one can be started; otherwise this one runs all tasks. */
    private void requestIfPossible() {
        try {
            requestThread();
        } catch (OutOfMemoryError e) {
            // there are too many threads already
        }
    }

    @Override
    public void shutdown() {
        threads.shutdown();
    }

    /**
     * Interrupts running tasks. Queued ones are started all the same, on interrupted threads, because others may wait
     * for them.
     *
     * @return an empty list
     */
    @Override
    public List<Runnable> shutdownNow() {
        stopped = true;
        threads.shutdownNow();
        lastOnes.forEach(Thread::interrupt);
        runLeftovers();
        return List.of();
    }

    private void runLeftovers() {
        Runnable task;
        while ((task = tasks.poll()) != null) {
            start(task).interrupt();
        }
    }

    @Override
    public boolean isShutdown() {
        return threads.isShutdown();
    }

    @Override
    public boolean isTerminated() {
        return threads.isTerminated() && lastOnes.isEmpty();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        long end = System.nanoTime() + unit.toNanos(timeout);
        boolean ended = threads.awaitTermination(timeout, unit);
        Iterator<Thread> rest = lastOnes.iterator();
        while (ended && rest.hasNext()) { // a thread may have started another one
            TimeUnit.NANOSECONDS.timedJoin(rest.next(), end - System.nanoTime());
            ended = end - System.nanoTime() > 0;
            rest = lastOnes.iterator();
        }
        return ended;
    }
}
