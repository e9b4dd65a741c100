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
 * Platform threads, as many as there is work for at the same time, up to a bound that gives way.
 *
 * <p>To wake a thread costs more than most tasks do. A pool that gives every task a thread of its own wakes one for
 * each; so do many short tasks for many mailboxes. Here tasks wait in one queue, and one thread at a time is called
 * for. When it has arrived and has taken a task, it calls for the next one if there is more. So while a thread is on
 * its way, those that are there already take the short tasks, and nobody is woken in vain. Up to the bound a task never
 * waits for another one to end: as long as any waits, a thread is on its way, which is made if all others are held up.
 *
 * <p>With as many threads as the bound says, tasks wait in order. But what those threads wait for may be one of these
 * tasks: a bound that never gave way would be a deadlock. So when for a moment nobody has taken anything, there is one
 * thread more, and it begins with what others may wait for, if there is any such task. What blocks for long makes
 * threads slowly then, instead of as many at once as there are tasks.
 */
final class WorkerPool extends AbstractExecutorService {

    private static final Logger LOG = LoggerFactory.getLogger(WorkerPool.class);

    private static final int KEPT_SECONDS = 10;
    private static final Duration STUCK = Duration.ofMillis(100);

    /** Far longer than a thread takes to arrive, or the timer to come. */
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
    private final AtomicInteger busy = new AtomicInteger(); // threads that work, or were called to
    private final ExpiringFlag watched = new ExpiringFlag(FORGOTTEN); // whether anything is taken
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final ExpiringFlag called = new ExpiringFlag(FORGOTTEN); // a thread, which has not arrived yet
    private final Set<Thread> lastOnes = ConcurrentHashMap.newKeySet(); // when the pool gave none any more
    private volatile boolean stopped;

    WorkerPool(ThreadFactory factory, int most, Timer timer) {
        this.most = most;
        this.timer = timer;
        threads = new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, KEPT_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), factory);
    }

    /**
     * Runs a task soon.
     *
     * @throws RejectedExecutionException if this is shut down
     * @throws OutOfMemoryError if all threads are held up and no further one can be started
     */
    @Override
    public void execute(Runnable task) {
        if (threads.isShutdown()) {
            throw new RejectedExecutionException("The threads of this bus have ended");
        }
        tasks.add(task);
        try {
            call();
        } catch (OutOfMemoryError e) {
            if (tasks.remove(task)) { // else somebody was there to take it
                throw e;
            }
        }
        if (stopped) {
            hasten();
        }
    }

    /** For tasks that end a wait of others, or may do so. */
    Executor awaited() {
        return task -> execute(new Awaited(task));
    }

    private void call() {
        if (busy.get() >= most) {
            watch();
        } else if (called.set()) {
            boolean comes = false;
            try {
                begin(this::work);
                comes = true;
            } finally {
                if (!comes) {
                    called.clear();
                }
            }
        }
    }

    private void begin(Runnable work) {
        busy.incrementAndGet();
        boolean comes = false;
        try {
            threads.execute(work);
            comes = true;
        } catch (RejectedExecutionException shutDown) { // at this moment, and tasks were taken before
            start(work);
            comes = true;
        } finally {
            if (!comes) {
                busy.decrementAndGet();
            }
        }
    }

    /** Looks a little later whether what waits first still does. */
    private void watch() {
        if (watched.set()) {
            boolean watching = false;
            try {
                Runnable first = tasks.peek();
                timer.soon(STUCK, () -> look(first));
                watching = true;
            } finally {
                if (!watching) {
                    watched.clear();
                }
            }
        }
    }

    private void look(@Nullable Runnable before) {
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
            if (tasks.remove(first)) { // else somebody was there to take it
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
        called.clear(); // before it looks: what is added from here on finds a thread, or calls one
        try {
            Runnable task;
            while (!stopped && (task = tasks.poll()) != null) {
                if (!tasks.isEmpty()) {
                    callIfPossible();
                }
                run(task);
            }
        } finally {
            busy.decrementAndGet();
        }
        if (!stopped && !tasks.isEmpty()) { // added when this thread still counted
            callIfPossible();
        }
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable t) { // as if it had a thread of its own, whose end this would be
            uncaught(t);
        }
        if (!stopped) {
            boolean unused = Thread.interrupted(); // it was meant for that task
        }
    }

    /** The handler belongs to the program, and printing an exception calls its code. */
    private static void uncaught(Throwable failure) {
        Thread thread = Thread.currentThread();
        try {
            thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
        } catch (Throwable t) {
            FailureLog.error(LOG, t, "The handler of uncaught exceptions failed");
        }
    }

    /** Without another thread, this one does what there is. */
    private void callIfPossible() {
        try {
            call();
        } catch (OutOfMemoryError e) {
            // there are too many threads already
        }
    }

    @Override
    public void shutdown() {
        threads.shutdown();
    }

    /**
     * Interrupts what runs. What was taken is begun all the same, and finds its thread interrupted: somebody waits for
     * it.
     *
     * @return nothing
     */
    @Override
    public List<Runnable> shutdownNow() {
        stopped = true;
        threads.shutdownNow();
        lastOnes.forEach(Thread::interrupt);
        hasten();
        return List.of();
    }

    private void hasten() {
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
        while (ended && rest.hasNext()) { // one of them may have started another one
            TimeUnit.NANOSECONDS.timedJoin(rest.next(), end - System.nanoTime());
            ended = end - System.nanoTime() > 0;
            rest = lastOnes.iterator();
        }
        return ended;
    }
}
