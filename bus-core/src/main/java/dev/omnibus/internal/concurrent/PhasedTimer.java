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
 * Runs tasks again and again, all of them at the same moments.
 *
 * <p>The moments are not counted from the start. A period has ten of them, the same for everybody on this machine, and
 * a node takes one of the ten. So what a node sends with one period it sends at one moment, in one write; and many
 * nodes in one process wake Redis up ten times in a period, instead of each for itself. To be woken up costs Redis more
 * than what it is then asked. Nodes of other machines fall in between as they like.
 *
 * <p>What the runner could not begin by the next moment is not made up for: its next run stands for both. A runner may
 * also forget what it was given, as one does whose thread dies; then it is given the next moment's, three later.
 * Thread-safe.
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
    private final AtomicReference<@Nullable Round> waiting = new AtomicReference<>(); // for the runner
    private int waited; // moments, for the same round; of the timer's thread
    private boolean running; // guarded by this

    /** Completed or cancelled, it is not run any more. */
    private static final class Task extends CompletableFuture<Void> {

        private final Runnable task;

        Task(Runnable task) {
            this.task = task;
        }

        void run() {
            try {
                task.run();
            } catch (Throwable t) { // thrown further, it would end the repetition
                Mailbox.complain("A periodic task failed", t);
            }
        }
    }

    /** All tasks, once. One that was given up does nothing, should it come all the same. */
    private final class Round implements Runnable {

        @Override
        public void run() {
            if (waiting.compareAndSet(this, null)) {
                tasks.forEach(Task::run);
            }
        }
    }

    /** The timer says when, and the runner runs the tasks, one after the other. */
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

    /** The next of its moments that is not too soon; those that were missed are not made up for. */
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
                LOG.trace("The timer has ended, and with it this", e);
                return;
            } catch (OutOfMemoryError e) { // given up, this would be the end of the heartbeat
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
        } catch (Throwable t) { // thrown further, it would end the heartbeat silently
            waiting.set(null);
            Mailbox.complain("Periodic tasks could not be started; they are with the next period", t);
        } finally {
            schedule(now);
        }
    }
}
