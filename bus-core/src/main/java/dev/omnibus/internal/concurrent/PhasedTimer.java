package dev.omnibus.internal.concurrent;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A phased timer: runs periodic tasks, all of them at the same moments.
 *
 * <p>The moments do not depend on when it was started. A period has ten of them, the same for all nodes of this
 * machine, and a node uses one of the ten. So what a node sends in one period it sends at one moment, in one write; and
 * many nodes of one process wake Redis up ten times in a period, instead of once each. Waking up costs Redis more than
 * the requests themselves. Nodes of other machines fall anywhere in between.
 *
 * <p>A round that the runner could not start by the next moment is merged with the next one. A runner may also lose its
 * task, for instance when its thread dies; three moments later it gets a new one. Thread-safe.
 */
public final class PhasedTimer implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(PhasedTimer.class);
    private static final int MOMENTS = 10;
    private static final int FORGOTTEN_AFTER = 3; // moments
    private static final long NO_MEMORY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final ScheduledExecutorService timer;
    private final Executor runner;
    private final long period;
    private final long moment;
    private final List<Task> tasks = new CopyOnWriteArrayList<>();
    private final AtomicReference<@Nullable Round> waiting = new AtomicReference<>(); // until the runner starts it
    private int waited; // moments, for the same round; confined to the timer's thread
    private boolean running; // guarded by this

    /** A periodic task, until it is completed or cancelled. */
    private static final class Task extends CompletableFuture<Void> {

        private final Runnable task;

        Task(Runnable task) {
            this.task = task;
        }

        void run() {
            try {
                task.run();
            } catch (Throwable t) { // propagated, it would end the repetition
                Mailbox.complain("A periodic task failed", t);
            }
        }
    }

    /** One run of all tasks. A round that was abandoned does nothing if it runs all the same. */
    private final class Round implements Runnable {

        @Override
        public void run() {
            if (waiting.compareAndSet(this, null)) {
                tasks.forEach(Task::run);
            }
        }
    }

    /** Creates a timer whose runner runs the tasks one after the other. */
    public PhasedTimer(ScheduledExecutorService timer, Executor runner, String node, Duration period) {
        this.timer = timer;
        this.runner = runner;
        this.period = period.toNanos();
        this.moment = this.period / MOMENTS * Math.floorMod(node.hashCode(), MOMENTS);
    }

    public Future<?> add(Runnable task) {
        Task added = new Task(task);
        added.whenComplete((done, failure) -> tasks.remove(added));
        synchronized (this) {
            tasks.add(added);
            if (!running) {
                running = true;
                schedule(System.nanoTime());
            }
        }
        return added;
    }

    /** Returns the next of its moments that is not too soon; missed ones are skipped. */
    static long next(long now, long period, long moment) {
        long soonest = now + period * 2 / 5;
        return Math.floorDiv(soonest - moment, period) * period + period + moment;
    }

    private void schedule(long now) {
        long due = next(now, period, moment);
        boolean scheduled = false;
        while (!scheduled) {
            try {
                timer.schedule(this, due - System.nanoTime(), TimeUnit.NANOSECONDS);
                scheduled = true;
            } catch (RejectedExecutionException e) {
                LOG.trace("The timer has been shut down, and its periodic tasks with it", e);
                return;
            } catch (OutOfMemoryError e) { // giving up here would end the heartbeat
                LockSupport.parkNanos(NO_MEMORY_NANOS);
            }
        }
    }

    @Override
    public void run() {
        long now = System.nanoTime();
        synchronized (this) {
            running = !tasks.isEmpty();
            if (!running) {
                return; // until something is added
            }
        }
        try {
            if (waiting.get() == null || ++waited >= FORGOTTEN_AFTER) {
                waited = 0;
                Round round = new Round();
                waiting.set(round);
                runner.execute(round);
            }
        } catch (Throwable t) { // propagated, it would silently end the heartbeat
            waiting.set(null);
            Mailbox.complain("Could not start the periodic tasks; retrying with the next period", t);
        } finally {
            schedule(now);
        }
    }
}
