package dev.omnibus.channel;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded queue that empties itself: what is offered is handled on an executor, by at most so many threads at a time.
 *
 * <p>Whoever delivers never waits here: an item is taken or, when the queue is full, refused. With one thread at a time
 * the items are handled in the order in which they were offered. With more, order is given up, and a further thread is
 * asked for only while items are waiting, so that quick handlers stay on one thread and slow ones spread.
 *
 * <p>A handler may pass work on to another mailbox. It does so through the executor that it is given: the first task of
 * that kind runs on the same thread as soon as this mailbox has been let go. So a message changes threads once, however
 * many mailboxes it goes through, and a handler that blocks holds up nothing but its own mailbox.
 *
 * <p>Thread-safe.
 *
 * @param <T> what is queued
 */
public final class Mailbox<T> {

    /**
     * How much may wait.
     *
     * @param items at most so many items
     * @param bytes at most so many bytes
     */
    public record Limits(int items, long bytes) {}

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
    }

    private static final Logger LOG = LoggerFactory.getLogger(Mailbox.class);

    /** A thread takes so many items at once where order allows it; their room is given back when they are done. */
    private static final int CHUNK = 256;

    private final Executor executor;
    private final Limits limits;
    private final int concurrency;
    private final ToIntFunction<T> weight;
    private final Handler<T> handler;

    private final ArrayDeque<T> queue = new ArrayDeque<>(); // guarded by this, like all below
    private final CompletableFuture<Void> drained = new CompletableFuture<>();
    private int items; // waiting or being handled
    private long bytes;
    private int threads; // draining, or called for it
    private boolean called; // the last of them has not arrived yet; it will look for itself whether more are needed
    private boolean closed;

    /**
     * Makes an empty one.
     *
     * @param executor where items are handled, unless offered with another one
     * @param concurrency by how many threads at most; 1 keeps the order
     * @param limits how much may wait
     * @param weight the bytes of an item
     * @param handler what is done with each
     */
    public Mailbox(Executor executor, int concurrency, Limits limits, ToIntFunction<T> weight, Handler<T> handler) {
        this.executor = executor;
        this.concurrency = concurrency;
        this.limits = limits;
        this.weight = weight;
        this.handler = handler;
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
        synchronized (this) {
            if (closed || items >= limits.items() || (items > 0 && bytes + size > limits.bytes())) {
                return false;
            }
            queue.add(item);
            items++;
            bytes += size;
            if (called || threads >= concurrency) {
                return true;
            }
            call();
        }
        return start(next);
    }

    /**
     * Takes nothing more. What is queued is still handled.
     *
     * @return completes when the last item has been handled
     */
    public CompletableFuture<Void> close() {
        synchronized (this) {
            closed = true;
            if (threads > 0) {
                return drained;
            }
        }
        drained.complete(null);
        return drained;
    }

    /**
     * How many items wait or are being handled.
     *
     * @return the number
     */
    public synchronized int size() {
        return items;
    }

    private void call() {
        threads++;
        called = true;
    }

    /** False if the executor takes nothing any more; what is queued is then given up, and the mailbox closed. */
    private boolean start(Executor on) {
        try {
            on.execute(this::drain);
            return true;
        } catch (RejectedExecutionException shutDown) {
            synchronized (this) {
                closed = true;
                called = false;
                for (T item : queue) {
                    bytes -= weight.applyAsInt(item);
                }
                items -= queue.size();
                queue.clear();
                leave();
            }
            return false;
        } catch (OutOfMemoryError noThread) {
            synchronized (this) {
                called = false;
                threads--; // what is queued waits for the next offer
            }
            LOG.error("No thread could be started for a mailbox; it is tried again with the next item", noThread);
            return true;
        }
    }

    private void drain() {
        Relay relay = new Relay();
        ArrayDeque<T> taken = new ArrayDeque<>();
        synchronized (this) {
            called = false;
        }
        while (take(taken)) {
            int handled = 0;
            long size = 0;
            while (!taken.isEmpty() && !relay.hasTask()) {
                T item = taken.remove();
                handled++;
                size += weight.applyAsInt(item);
                try {
                    handler.handle(item, relay);
                } catch (Throwable t) {
                    // Reported by the handler where it knows better; here it must only not end the draining.
                    LOG.error("A mailbox handler failed", t);
                }
            }
            if (done(taken, handled, size, relay.hasTask())) {
                relay.run();
                return;
            }
        }
    }

    /** Takes what is next; without anything, this thread is no longer counted. */
    private boolean take(ArrayDeque<T> taken) {
        boolean another;
        synchronized (this) {
            if (queue.isEmpty()) {
                leave();
                return false;
            }
            int most = concurrency == 1 ? CHUNK : 1;
            while (taken.size() < most && !queue.isEmpty()) {
                taken.add(queue.remove());
            }
            another = !queue.isEmpty() && !called && threads < concurrency;
            if (another) {
                call();
            }
        }
        if (another) {
            start(executor);
        }
        return true;
    }

    /** Gives room back; when this thread is wanted elsewhere, leaves the mailbox to another one, or to nobody. */
    private boolean done(ArrayDeque<T> untouched, int handled, long size, boolean wanted) {
        boolean more;
        synchronized (this) {
            items -= handled;
            bytes -= size;
            if (!wanted) {
                return false;
            }
            while (!untouched.isEmpty()) {
                queue.addFirst(untouched.removeLast());
            }
            leave();
            more = !queue.isEmpty() && !called && threads < concurrency;
            if (more) {
                call();
            }
        }
        if (more) {
            start(executor);
        }
        return true;
    }

    private void leave() {
        threads--;
        if (closed && threads == 0 && queue.isEmpty()) {
            try {
                executor.execute(() -> drained.complete(null));
            } catch (RejectedExecutionException shutDown) {
                drained.complete(null); // nowhere else is left
            }
        }
    }

    /** Keeps the first task for this thread and gives the others to the executor. */
    private final class Relay implements Executor {

        private final ArrayDeque<Runnable> first = new ArrayDeque<>(1);

        @Override
        public void execute(Runnable task) {
            if (first.isEmpty()) {
                first.add(task);
            } else {
                executor.execute(task);
            }
        }

        boolean hasTask() {
            return !first.isEmpty();
        }

        void run() {
            first.remove().run();
        }
    }
}
