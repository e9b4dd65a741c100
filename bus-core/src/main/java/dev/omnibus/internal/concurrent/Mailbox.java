package dev.omnibus.internal.concurrent;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded mailbox: what is offered is handled on an executor, by a bounded number of threads at a time.
 *
 * <p>Offering never blocks: when the mailbox is full, the new item is refused or the oldest are dropped. With a
 * concurrency of 1 the items are handled in the order in which they were offered. With more, there is no order, or only
 * among items with equal keys; another thread is requested only while items are waiting, so that fast handlers stay on
 * one thread and slow ones spread.
 *
 * <p>A handler may pass work on to another mailbox, through the executor that it is given: the first such task runs on
 * the same thread as soon as that has left this mailbox. So a message changes threads once, however many mailboxes it
 * passes, and a handler that blocks holds up nothing but its own mailbox. Thread-safe.
 *
 * @param <T> what is queued
 */
public final class Mailbox<T> {

    /** The policy for items that do not fit. */
    public enum Overflow {
        /** Refuses the new item. */
        DROP_NEWEST,
        /** Drops those that have waited longest to make room. What is being handled stays. */
        DROP_OLDEST
    }

    /**
     * The limits of a mailbox.
     *
     * @param items the maximum number of items
     * @param bytes the maximum number of bytes; a larger item is accepted when the mailbox is empty
     * @param overflow what is dropped beyond that
     */
    public record Limits(int items, long bytes, Overflow overflow) {

        /**
         * Creates limits beyond which new items are refused.
         *
         * @param items the maximum number of items
         * @param bytes the maximum number of bytes
         */
        public Limits(int items, long bytes) {
            this(items, bytes, Overflow.DROP_NEWEST);
        }
    }

    /**
     * The handler of a mailbox.
     *
     * @param <T> what is queued
     */
    @FunctionalInterface
    public interface Handler<T> {

        /**
         * Handles one item. What it throws is logged and does not stop the mailbox.
         *
         * @param item the item
         * @param next runs follow-up work after the thread has left this mailbox
         */
        void handle(T item, Executor next);

        /**
         * Called when items begin to be dropped, for lack of room or because the mailbox was abandoned. Called once
         * until {@link #dropped}, on any thread and without holding a lock; it must not block.
         */
        default void dropping() {}

        /**
         * Called when less than half of both limits is used again, or the mailbox was closed. Called once after each
         * {@link #dropping}, on any thread and without holding a lock; it must not block.
         *
         * @param items how many were dropped since then
         */
        default void dropped(long items) {}
    }

    private static final Logger LOG = LoggerFactory.getLogger(Mailbox.class);

    private static final Duration RETRY = Duration.ofMillis(100);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long MAX_PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final int CHUNK = 256; // taken at once where order allows it; their room is released when done

    private final Executor executor;
    private final DelayedExecutor later;
    private final boolean dropOldest;
    private final int concurrency;
    private final ToIntFunction<T> weight;
    private final @Nullable Function<? super T, ? extends @Nullable Object> key;
    private final Handler<T> handler;

    private final Backlog<T> backlog; // guarded by this, like all below
    private final MailboxUsage<T> usage;
    private final MailboxUsage.Drops dropReporter;
    private @Nullable CompletableFuture<Void> drained; // created on demand
    private long offered; // items, while it was open
    private int threads; // draining, or requested
    private final List<Thread> handling = new ArrayList<>(1); // those of them that have started
    private boolean requested; // the last of them has not started yet; it will check itself whether more are needed
    private long requestedAt;
    private long patience; // how long to wait for it
    private volatile @Nullable DrainTask pending; // written without the lock
    private boolean closed;
    private volatile boolean abandoned;

    /**
     * Creates an empty mailbox.
     *
     * @param executor where items are handled, unless offered with another one
     * @param later retries when the executor fails
     * @param concurrency the maximum number of threads; 1 keeps the order
     * @param limits the limits
     * @param weight returns the bytes of an item
     * @param handler handles each item
     */
    public Mailbox(
            Executor executor,
            DelayedExecutor later,
            int concurrency,
            Limits limits,
            ToIntFunction<T> weight,
            Handler<T> handler) {
        this(executor, later, concurrency, limits, weight, null, handler);
    }

    /**
     * Creates an empty mailbox that keeps the order of items with equal keys: they are handled one after another, in
     * parallel to others.
     *
     * @param executor where items are handled, unless offered with another one
     * @param later retries when the executor fails
     * @param concurrency the maximum number of threads
     * @param limits the limits
     * @param weight returns the bytes of an item
     * @param key returns the key of an item, null if it needs no order; called on the offering thread, and not at all
     *     with a concurrency of 1. Without it, there is no order
     * @param handler handles each item
     */
    public Mailbox(
            Executor executor,
            DelayedExecutor later,
            int concurrency,
            Limits limits,
            ToIntFunction<T> weight,
            @Nullable Function<? super T, ? extends @Nullable Object> key,
            Handler<T> handler) {
        this.executor = executor;
        this.later = later;
        this.concurrency = concurrency;
        this.weight = weight;
        this.key = concurrency == 1 ? null : key;
        this.handler = handler;
        this.dropOldest = limits.overflow() == Overflow.DROP_OLDEST;
        boolean chunks = concurrency == 1 && !dropOldest; // items that have been taken could not be dropped
        this.backlog = this.key == null ? new Backlog.InOrder<>(chunks ? CHUNK : 1) : new Backlog.Keyed<>();
        this.usage = new MailboxUsage<>(limits, weight);
        this.dropReporter = new MailboxUsage.Drops(this, handler, () -> closed || usage.isLow());
    }

    /**
     * Offers an item.
     *
     * @param item the item
     * @return false if the mailbox is full or closed; then the item is not handled
     */
    public boolean offer(T item) {
        return offer(item, executor);
    }

    /**
     * Offers an item from within another mailbox's handler.
     *
     * @param item the item
     * @param next the executor that was passed to that handler
     * @return false if the mailbox is full or closed; then the item is not handled
     */
    public boolean offer(T item, Executor next) {
        int size = weight.applyAsInt(item);
        Object itsKey = key == null ? null : key.apply(item);
        boolean fits;
        boolean report;
        boolean start;
        synchronized (this) {
            if (closed) {
                return false;
            }
            offered++;
            fits = usage.fits(size) || dropOldest;
            if (!fits) {
                dropReporter.add(1);
            } else if (dropOldest) {
                dropReporter.add(usage.makeRoom(size, backlog));
            }
            report = dropReporter.mustReport();
            if (fits) {
                backlog.add(item, itsKey);
                usage.add(size);
            }
            start = (fits && requestThread()) || retryRequest();
        }
        if (report) {
            dropReporter.report();
        }
        boolean taken = !start || start(next);
        return fits && taken;
    }

    /**
     * Abandons a requested thread that does not start, because a user's executor has silently dropped the task, and
     * requests another one; with exponential backoff.
     */
    private boolean retryRequest() {
        DrainTask late = pending;
        if (!requested || late == null || late.settled) {
            return false;
        }
        if (System.nanoTime() - requestedAt <= patience) {
            return false;
        }
        late.settled = true;
        requested = false;
        threads--;
        long longer = Math.min(2 * patience, MAX_PATIENCE_NANOS);
        boolean again = requestThread();
        patience = longer;
        return again;
    }

    /**
     * Abandons a requested thread that has not started, when nothing is left to do; its executor may have dropped the
     * task.
     */
    private void cancelRequest() {
        DrainTask late = pending;
        if (requested && late != null && !late.settled) {
            late.settled = true;
            requested = false;
            threads--;
        }
    }

    /** Returns whether one more thread is needed; it is counted at once, and must be started without the lock. */
    private boolean requestThread() {
        boolean wanted = backlog.hasTurn() && !requested && threads < concurrency;
        if (wanted) {
            threads++;
            requested = true;
            requestedAt = System.nanoTime();
            patience = PATIENCE_NANOS;
        }
        return wanted;
    }

    /**
     * Closes it: nothing more is accepted, what is queued is still handled.
     *
     * @return completes when the last item has been handled
     */
    public CompletableFuture<Void> close() {
        boolean report;
        boolean idle;
        boolean start;
        synchronized (this) {
            closed = true;
            if (abandoned) {
                dropReporter.add(usage.clear(backlog));
                cancelRequest();
            }
            report = dropReporter.mustReport();
            idle = threads == 0 && backlog.isEmpty();
            start = threads == 0 ? requestThread() : retryRequest(); // none could be started when it was requested
        }
        follow(report, start, false);
        if (idle) {
            drained().complete(null);
        }
        return drained();
    }

    private synchronized CompletableFuture<Void> drained() {
        CompletableFuture<Void> made = drained == null ? new CompletableFuture<>() : drained;
        drained = made;
        return made;
    }

    /**
     * Closes it, and drops what is queued. What is being handled continues.
     *
     * @return completes when the last item has been handled
     */
    public CompletableFuture<Void> abandon() {
        abandoned = true;
        return close();
    }

    /**
     * Returns how many items wait or are being handled.
     *
     * @return the number
     */
    public synchronized int size() {
        return usage.items();
    }

    /**
     * Returns how many bytes wait or are being handled.
     *
     * @return the number
     */
    public synchronized long bytes() {
        return usage.bytes();
    }

    /**
     * Returns whether more than half of it is used, or would be with an item and its neighbours. What is offered then
     * may wait long after its neighbours have gone, so it should keep nothing of theirs alive. Read without the lock,
     * so it may be slightly stale.
     *
     * @param bytes the bytes of an item and its neighbours together
     * @return true if so
     */
    public boolean isFilling(int bytes) {
        return !usage.isLow(bytes);
    }

    /**
     * Returns how many items were offered while it was open, whatever happened to them.
     *
     * @return the number since the mailbox was created
     */
    public synchronized long offered() {
        return offered;
    }

    /**
     * Returns how many items were dropped: because there was no room, or because they are not handled any more.
     *
     * @return the number since the mailbox was created
     */
    public synchronized long dropped() {
        return dropReporter.total();
    }

    /**
     * Returns whether the current thread is inside the handler, where it must not wait for the end of this mailbox.
     *
     * @return true if it does
     */
    public synchronized boolean isHandledHere() {
        return handling.contains(Thread.currentThread());
    }

    /**
     * Starts a thread. Returns false if the executor rejects it; what is queued is dropped then, and the mailbox
     * closed.
     */
    private boolean start(Executor on) {
        DrainTask task = null;
        try {
            task = new DrainTask();
            pending = task;
            on.execute(task);
            return true;
        } catch (RejectedExecutionException shutDown) {
            if (abandonRequest(task)) {
                end();
                return false;
            }
            complain("The executor of a mailbox threw, but has run its task", shutDown);
            return true;
        } catch (Throwable failure) { // no memory or no stack; whatever it is, the next attempt may succeed
            if (abandonRequest(task)) {
                complain("Could not get a thread for a mailbox; retrying", failure);
                later();
            } else {
                complain("The executor of a mailbox threw, but has run its task", failure);
            }
            return true;
        }
    }

    /**
     * Abandons a requested thread. Returns false if it has started: an executor may throw and run its task all the
     * same, here or elsewhere.
     */
    private synchronized boolean abandonRequest(@Nullable DrainTask task) {
        if (task != null && task.settled) {
            return false;
        }
        if (task != null) {
            task.settled = true; // it may still start, and finds that it is not counted any more
        }
        requested = false;
        threads--;
        return true;
    }

    private void end() {
        boolean report;
        boolean last;
        synchronized (this) {
            closed = true;
            dropReporter.add(usage.clear(backlog));
            report = dropReporter.mustReport();
            last = hasEnded();
        }
        follow(report, false, last);
    }

    /** Retries later, without waiting for the next offer, which may never come. */
    private void later() {
        try {
            later.run(RETRY, () -> {
                boolean start;
                synchronized (this) {
                    start = requestThread();
                }
                follow(false, start, false);
            });
        } catch (Throwable noMemory) {
            complain("Could not schedule the retry of a mailbox; it waits for the next item", noMemory);
        }
    }

    public static void complain(String problem, Throwable failure) {
        FailureLog.error(LOG, failure, problem);
    }

    /** The task of a requested thread, which either starts or is abandoned. */
    private final class DrainTask implements Runnable {

        private boolean settled; // started or abandoned; guarded by the mailbox, like the next one
        private boolean left; // after it has started

        @Override
        public void run() {
            ThreadHandOff handOff;
            TimeSlice turn;
            Backlog.Share<T> share;
            try {
                handOff = new ThreadHandOff(executor);
                turn = new TimeSlice(later);
                share = new Backlog.Share<>();
                if (!starts()) {
                    return;
                }
            } catch (Throwable failure) {
                if (abandonRequest(this)) {
                    complain("A thread could not start to drain a mailbox; retrying", failure);
                    later();
                }
                return;
            }
            try {
                drain(handOff, turn, share);
            } finally { // whatever has happened, another mailbox waits for this
                if (handOff.hasTask()) {
                    handOff.run();
                }
            }
        }

        private boolean starts() {
            synchronized (Mailbox.this) {
                boolean counted = !settled;
                if (counted) {
                    handling.add(Thread.currentThread());
                    settled = true;
                    requested = false;
                }
                return counted;
            }
        }

        private void drain(ThreadHandOff handOff, TimeSlice turn, Backlog.Share<T> share) {
            try {
                while (take(this, share)) {
                    handle(share, turn, handOff);
                    if (done(this, share, handOff.hasTask())) {
                        return;
                    }
                }
            } finally {
                if (!left) { // no memory or no stack for the loop itself: another thread continues
                    done(this, share, true);
                }
            }
        }
    }

    private void handle(Backlog.Share<T> share, TimeSlice turn, ThreadHandOff handOff) {
        ArrayDeque<T> taken = share.items;
        while (!taken.isEmpty() && !handOff.hasTask() && (share.handled == 0 || !abandoned)) {
            turn.letOthers();
            T item = taken.remove();
            share.handled++;
            try {
                share.size += weight.applyAsInt(item);
                handler.handle(item, handOff);
            } catch (Throwable t) {
                complain("A mailbox handler failed", t); // it must not end the loop
            }
        }
    }

    /** Takes the next items; if there are none, this thread is no longer counted. */
    private boolean take(DrainTask task, Backlog.Share<T> share) {
        boolean taken;
        boolean another = false;
        boolean last = false;
        synchronized (this) {
            taken = backlog.hasTurn();
            if (taken) {
                backlog.take(share);
                another = requestThread();
            } else {
                last = leave(task);
            }
        }
        follow(false, another, last);
        return taken;
    }

    /**
     * Releases the room of handled items; when this thread is needed elsewhere, leaves the mailbox to another one, if
     * one is needed.
     */
    private boolean done(DrainTask task, Backlog.Share<T> share, boolean wanted) {
        boolean report;
        boolean more = false;
        boolean last = false;
        synchronized (this) {
            usage.remove(share.handled, share.size);
            share.handled = 0;
            share.size = 0;
            backlog.giveBack(share);
            dropReporter.add(abandoned ? usage.clear(backlog) : 0);
            report = dropReporter.mustReport();
            if (wanted) {
                last = leave(task);
                more = requestThread();
            }
        }
        follow(report, more, last);
        return wanted;
    }

    /** Returns whether the mailbox has ended with that, which must be reported. */
    private boolean leave(DrainTask task) {
        task.left = true;
        handling.remove(Thread.currentThread()); // one occurrence: the handler may be nested
        threads--;
        return hasEnded();
    }

    private boolean hasEnded() {
        return closed && threads == 0 && backlog.isEmpty();
    }

    /** Acts on what was decided under the lock, without it, as that runs foreign code. */
    private void follow(boolean report, boolean start, boolean last) {
        if (report) {
            dropReporter.report();
        }
        if (start) {
            start(executor);
        }
        if (last) {
            try {
                executor.execute(() -> drained().complete(null));
            } catch (Throwable noThread) {
                drained().complete(null); // there is nowhere else to run it
            }
        }
    }
}
