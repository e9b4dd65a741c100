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
 * A bounded queue that empties itself: what is offered is handled on an executor, by at most so many threads at a time.
 *
 * <p>Whoever delivers never waits here: when the queue is full, the new item is refused or the oldest are dropped. With
 * one thread at a time the items are handled in the order in which they were offered. With more, order is given up, or
 * kept among items with equal keys; a further thread is asked for only while items are waiting, so that quick handlers
 * stay on one thread and slow ones spread.
 *
 * <p>A handler may pass work on to another mailbox. It does so through the executor that it is given: the first task of
 * that kind runs on the same thread as soon as this mailbox has been let go. So a message changes threads once, however
 * many mailboxes it goes through, and a handler that blocks holds up nothing but its own mailbox. Thread-safe.
 *
 * @param <T> what is queued
 */
public final class Mailbox<T> {

    /** What is done with an item for which there is no room. */
    public enum Overflow {
        /** It is refused. */
        DROP_NEWEST,
        /** Those that have waited longest make room for it. What is being handled stays. */
        DROP_OLDEST
    }

    /**
     * How much may wait.
     *
     * @param items at most so many items
     * @param bytes at most so many bytes; a larger item is taken when nothing else is there
     * @param overflow what gives way when it is more
     */
    public record Limits(int items, long bytes, Overflow overflow) {

        /**
         * Limits over which new items are refused.
         *
         * @param items at most so many items
         * @param bytes at most so many bytes
         */
        public Limits(int items, long bytes) {
            this(items, bytes, Overflow.DROP_NEWEST);
        }
    }

    /**
     * Handles what was queued.
     *
     * @param <T> what is queued
     */
    @FunctionalInterface
    public interface Handler<T> {

        /**
         * Handles one item. What it throws is logged and does not stop the mailbox.
         *
         * @param item the item
         * @param next runs what the item leads to, after this mailbox was let go
         */
        void handle(T item, Executor next);

        /**
         * Items are being dropped from now on, for lack of room or because the mailbox was abandoned. Called once,
         * until {@link #dropped}, on any thread and outside of every lock; it must not block.
         */
        default void dropping() {}

        /**
         * Less than half of both limits is used again, or the mailbox was closed. Called once after each
         * {@link #dropping}, on any thread and outside of every lock; it must not block.
         *
         * @param items how many were dropped since then
         */
        default void dropped(long items) {}
    }

    private static final Logger LOG = LoggerFactory.getLogger(Mailbox.class);

    private static final Duration RETRY = Duration.ofMillis(100);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long MAX_PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final int CHUNK = 256; // taken at once where order allows it; their room is given back when done

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
    private @Nullable CompletableFuture<Void> drained; // made when it is asked for
    private long offered; // while it was open
    private int threads; // draining, or called for it
    private final List<Thread> handling = new ArrayList<>(1); // those of them that have arrived
    private boolean called; // the last of them has not arrived yet; it will look for itself whether more are needed
    private long calledAt;
    private long patience; // how long it is awaited
    private volatile @Nullable Call awaited; // written outside of the lock
    private boolean closed;
    private volatile boolean abandoned;

    /**
     * Makes an empty one.
     *
     * @param executor where items are handled, unless offered with another one
     * @param later tries that again when it has failed
     * @param concurrency by how many threads at most; 1 keeps the order
     * @param limits how much may wait
     * @param weight the bytes of an item
     * @param handler what is done with each
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
     * Makes an empty one that keeps the order of items with equal keys: they are handled one after another, while
     * others are handled beside them.
     *
     * @param executor where items are handled, unless offered with another one
     * @param later tries that again when it has failed
     * @param concurrency by how many threads at most
     * @param limits how much may wait
     * @param weight the bytes of an item
     * @param key which items belong together, null for one by itself; called on the offering thread, and not at all
     *     with a concurrency of 1. Without it, order is given up
     * @param handler what is done with each
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
        boolean chunks = concurrency == 1 && !dropOldest; // what has been taken could not give way
        this.backlog = this.key == null ? new Backlog.InOrder<>(chunks ? CHUNK : 1) : new Backlog.Keyed<>();
        this.usage = new MailboxUsage<>(limits, weight);
        this.dropReporter = new MailboxUsage.Drops(this, handler, () -> closed || usage.isLow());
    }

    /**
     * Offers an item.
     *
     * @param item the item
     * @return false if the mailbox is full or closed; then nothing will be done with it
     */
    public boolean offer(T item) {
        return offer(item, executor);
    }

    /**
     * Offers an item from within another mailbox's handler.
     *
     * @param item the item
     * @param next what that handler was given
     * @return false if the mailbox is full or closed; then nothing will be done with it
     */
    public boolean offer(T item, Executor next) {
        int size = weight.applyAsInt(item);
        Object itsKey = key == null ? null : key.apply(item);
        boolean fits;
        boolean tell;
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
            tell = dropReporter.isToTell();
            if (fits) {
                backlog.add(item, itsKey);
                usage.add(size);
            }
            start = (fits && callsAnother()) || callsAgain();
        }
        if (tell) {
            dropReporter.tell();
        }
        boolean taken = !start || start(next);
        return fits && taken;
    }

    /**
     * Gives up a thread that was called for and does not come, because the executor of a program has dropped the call
     * without a word, and calls for another one; less and less often.
     */
    private boolean callsAgain() {
        Call late = awaited;
        if (!called || late == null || late.settled) {
            return false;
        }
        if (System.nanoTime() - calledAt <= patience) {
            return false;
        }
        late.settled = true;
        called = false;
        threads--;
        long longer = Math.min(2 * patience, MAX_PATIENCE_NANOS);
        boolean again = callsAnother();
        patience = longer;
        return again;
    }

    /** Nothing is left to do for a thread that has not come; its executor may have dropped the call. */
    private void callsOff() {
        Call late = awaited;
        if (called && late != null && !late.settled) {
            late.settled = true;
            called = false;
            threads--;
        }
    }

    /** Whether one more thread is wanted; it is counted at once, and to be started outside of the lock. */
    private boolean callsAnother() {
        boolean wanted = backlog.hasTurn() && !called && threads < concurrency;
        if (wanted) {
            threads++;
            called = true;
            calledAt = System.nanoTime();
            patience = PATIENCE_NANOS;
        }
        return wanted;
    }

    /**
     * Takes nothing more. What is queued is still handled.
     *
     * @return completes when the last item has been handled
     */
    public CompletableFuture<Void> close() {
        boolean tell;
        boolean idle;
        boolean start;
        synchronized (this) {
            closed = true;
            if (abandoned) {
                dropReporter.add(usage.clear(backlog));
                callsOff();
            }
            tell = dropReporter.isToTell();
            idle = threads == 0 && backlog.isEmpty();
            start = threads == 0 ? callsAnother() : callsAgain(); // none could be started when it was called for
        }
        follow(tell, start, false);
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
     * Takes nothing more, and drops what is queued. What is being handled goes on.
     *
     * @return completes when the last item has been handled
     */
    public CompletableFuture<Void> abandon() {
        abandoned = true;
        return close();
    }

    /**
     * How many items wait or are being handled.
     *
     * @return the number
     */
    public synchronized int size() {
        return usage.items();
    }

    /**
     * How many bytes wait or are being handled.
     *
     * @return the number
     */
    public synchronized long bytes() {
        return usage.bytes();
    }

    /**
     * Whether more than half of it is used, or would be by what may come along with an item. What is offered then may
     * wait long after its neighbours have gone, so it should keep nothing of theirs alive. A look without the lock: it
     * may be a moment old.
     *
     * @param bytes that an item and its neighbours have together
     * @return true if so
     */
    public boolean isFilling(int bytes) {
        return !usage.isLow(bytes);
    }

    /**
     * How many items were offered while it was open, whatever has become of them.
     *
     * @return the number since the mailbox was made
     */
    public synchronized long offered() {
        return offered;
    }

    /**
     * How many items were dropped: because there was no room, or because nobody handles them any more.
     *
     * @return the number since the mailbox was made
     */
    public synchronized long dropped() {
        return dropReporter.total();
    }

    /**
     * Whether this code runs within the handler: it must not wait for the end of this mailbox.
     *
     * @return true if it does
     */
    public synchronized boolean isHandledHere() {
        return handling.contains(Thread.currentThread());
    }

    /** False if the executor takes nothing any more; what is queued is then given up, and the mailbox closed. */
    private boolean start(Executor on) {
        Call call = null;
        try {
            call = new Call();
            awaited = call;
            on.execute(call);
            return true;
        } catch (RejectedExecutionException shutDown) {
            if (giveUp(call)) {
                end();
                return false;
            }
            complain("The executor of a mailbox failed, but has done its work", shutDown);
            return true;
        } catch (Throwable failure) { // no memory or no stack; whatever it is, the next try may succeed
            if (giveUp(call)) {
                complain("No thread could be had for a mailbox; it is tried again", failure);
                later();
            } else {
                complain("The executor of a mailbox failed, but has done its work", failure);
            }
            return true;
        }
    }

    /** False if the thread has come: an executor may fail and run what it was given all the same, here or elsewhere. */
    private synchronized boolean giveUp(@Nullable Call call) {
        if (call != null && call.settled) {
            return false;
        }
        if (call != null) {
            call.settled = true; // it may still come, and finds that it is not counted any more
        }
        called = false;
        threads--;
        return true;
    }

    private void end() {
        boolean tell;
        boolean last;
        synchronized (this) {
            closed = true;
            dropReporter.add(usage.clear(backlog));
            tell = dropReporter.isToTell();
            last = hasEnded();
        }
        follow(tell, false, last);
    }

    /** What is queued may be all that ever comes, so it does not wait for the next offer. */
    private void later() {
        try {
            later.run(RETRY, () -> {
                boolean start;
                synchronized (this) {
                    start = callsAnother();
                }
                follow(false, start, false);
            });
        } catch (Throwable noMemory) {
            complain("A mailbox waits for the next item", noMemory);
        }
    }

    public static void complain(String problem, Throwable failure) {
        FailureLog.error(LOG, failure, problem);
    }

    /** A thread that was called for. It comes, or is given up. */
    private final class Call implements Runnable {

        private boolean settled; // which of both; guarded by the mailbox, like the next one
        private boolean left; // having come

        @Override
        public void run() {
            ThreadHandOff handOff;
            TimeSlice turn;
            Backlog.Share<T> share;
            try {
                handOff = new ThreadHandOff(executor);
                turn = new TimeSlice(later);
                share = new Backlog.Share<>();
                if (!comes()) {
                    return;
                }
            } catch (Throwable failure) {
                if (giveUp(this)) {
                    complain("A thread could not begin with a mailbox; it is tried again", failure);
                    later();
                }
                return;
            }
            try {
                drain(handOff, turn, share);
            } finally { // whatever has happened, another mailbox waits for that
                if (handOff.hasTask()) {
                    handOff.run();
                }
            }
        }

        private boolean comes() {
            synchronized (Mailbox.this) {
                boolean counted = !settled;
                if (counted) {
                    handling.add(Thread.currentThread());
                    settled = true;
                    called = false;
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
                if (!left) { // no memory or no stack for our own part: another thread goes on
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
                complain("A mailbox handler failed", t); // which must not end the draining
            }
        }
    }

    /** Takes what is next; without anything, this thread is no longer counted. */
    private boolean take(Call call, Backlog.Share<T> share) {
        boolean taken;
        boolean another = false;
        boolean last = false;
        synchronized (this) {
            taken = backlog.hasTurn();
            if (taken) {
                backlog.take(share);
                another = callsAnother();
            } else {
                last = leave(call);
            }
        }
        follow(false, another, last);
        return taken;
    }

    /** Gives room back; when this thread is wanted elsewhere, leaves the mailbox to another one, or to nobody. */
    private boolean done(Call call, Backlog.Share<T> share, boolean wanted) {
        boolean tell;
        boolean more = false;
        boolean last = false;
        synchronized (this) {
            usage.remove(share.handled, share.size);
            share.handled = 0;
            share.size = 0;
            backlog.giveBack(share);
            dropReporter.add(abandoned ? usage.clear(backlog) : 0);
            tell = dropReporter.isToTell();
            if (wanted) {
                last = leave(call);
                more = callsAnother();
            }
        }
        follow(tell, more, last);
        return wanted;
    }

    /** True if that was the end, which is to be told. */
    private boolean leave(Call call) {
        call.left = true;
        handling.remove(Thread.currentThread()); // once, should it handle further out as well
        threads--;
        return hasEnded();
    }

    private boolean hasEnded() {
        return closed && threads == 0 && backlog.isEmpty();
    }

    /** Does what was found out under the lock, and leads to code of others. */
    private void follow(boolean tell, boolean start, boolean last) {
        if (tell) {
            dropReporter.tell();
        }
        if (start) {
            start(executor);
        }
        if (last) {
            try {
                executor.execute(() -> drained().complete(null));
            } catch (Throwable noThread) {
                drained().complete(null); // nowhere else is left
            }
        }
    }
}
