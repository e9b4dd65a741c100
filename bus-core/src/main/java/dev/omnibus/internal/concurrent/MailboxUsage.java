package dev.omnibus.internal.concurrent;

import dev.omnibus.internal.concurrent.Mailbox.Limits;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntFunction;

/**
 * The fill level of a mailbox: what waits in it or is being handled, measured against its limits. Guarded by the
 * mailbox.
 *
 * @param <T> what is queued
 */
final class MailboxUsage<T> {

    private final Limits limits;
    private final ToIntFunction<T> weight;
    private int items;
    private long bytes;

    MailboxUsage(Limits limits, ToIntFunction<T> weight) {
        this.limits = limits;
        this.weight = weight;
    }

    int items() {
        return items;
    }

    long bytes() {
        return bytes;
    }

    /**
     * Returns whether an item fits. One without weight needs no bytes, even when a single large one has taken more than
     * the limit.
     */
    boolean fits(int size) {
        return items < limits.items() && (items == 0 || size == 0 || bytes + size <= limits.bytes());
    }

    void add(int size) {
        items++;
        bytes += size;
    }

    void remove(int handled, long size) {
        items -= handled;
        bytes = items == 0 ? 0 : bytes - size; // also after an item whose weight could not be computed
    }

    /** Makes room for an item that does not fit; returns how many others were dropped. */
    long makeRoom(int size, Backlog<T> backlog) {
        long dropped = 0;
        T oldest;
        while (!fits(size) && (oldest = backlog.removeOldest()) != null) {
            remove(1, weight.applyAsInt(oldest));
            dropped++;
        }
        return dropped;
    }

    /** Drops everything that waits; returns how many items that were. */
    long clear(Backlog<T> backlog) {
        long dropped = 0;
        T oldest;
        while ((oldest = backlog.removeOldest()) != null) {
            remove(1, weight.applyAsInt(oldest));
            dropped++;
        }
        return dropped;
    }

    /** Returns whether less than half of both limits is used. */
    boolean isLow() {
        return isLow(0);
    }

    /** Returns whether that would still be so with more bytes. */
    boolean isLow(int more) {
        return items <= (limits.items() - 1) / 2 && bytes + more <= (limits.bytes() - 1) / 2;
    }

    /**
     * A reporter of dropped items: counts them, and notifies the handler when dropping begins and ends: once each, in
     * this order, and never under the mailbox' lock. The thread that notices first also reports what others notice
     * meanwhile.
     */
    static final class Drops {

        private final Object lock;
        private final Mailbox.Handler<?> handler;
        private final BooleanSupplier calm;
        private long total; // guarded by lock, like all below
        private long sinceItBegan;
        private boolean began; // and its end has not been reported yet
        private boolean reporting;

        /**
         * Creates a reporter with the lock of the mailbox; the supplier, which is called under it, returns whether
         * dropping has ended.
         */
        Drops(Object lock, Mailbox.Handler<?> handler, BooleanSupplier calm) {
            this.lock = lock;
            this.handler = handler;
            this.calm = calm;
        }

        long total() {
            return total;
        }

        /** Counts dropped items. The caller holds the lock. */
        void add(long items) {
            total += items;
            sinceItBegan += items;
        }

        /**
         * Returns whether the caller must call {@link #report}, because no other thread does. The caller holds the
         * lock.
         */
        boolean mustReport() {
            boolean must = sinceItBegan > 0 && !reporting && (!began || calm.getAsBoolean());
            reporting |= must;
            return must;
        }

        /** Reports the beginning and the end of dropping. The caller holds no lock. */
        void report() {
            while (true) {
                boolean begins;
                long cost;
                synchronized (lock) {
                    begins = !began;
                    if (sinceItBegan == 0 || !(begins || calm.getAsBoolean())) {
                        reporting = false;
                        return;
                    }
                    cost = sinceItBegan;
                    began = begins;
                    sinceItBegan = begins ? cost : 0;
                }
                try {
                    if (begins) {
                        handler.dropping();
                    } else {
                        handler.dropped(cost);
                    }
                } catch (Throwable t) {
                    Mailbox.complain("A mailbox handler failed when it was notified of dropped items", t);
                }
            }
        }
    }
}
