package dev.omnibus.internal.concurrent;

import dev.omnibus.internal.concurrent.Mailbox.Limits;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntFunction;

/**
 * How full a mailbox is: what waits in it or is being handled, measured against its limits. Guarded by the mailbox.
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

    /** An item that weighs nothing needs no bytes, also when a single large one has taken more than there are. */
    boolean fits(int size) {
        return items < limits.items() && (items == 0 || size == 0 || bytes + size <= limits.bytes());
    }

    void add(int size) {
        items++;
        bytes += size;
    }

    void remove(int handled, long size) {
        items -= handled;
        bytes = items == 0 ? 0 : bytes - size; // also after an item whose weight could not be told
    }

    /** Makes room for an item that does not fit; how many others were dropped. */
    long makeRoom(int size, Backlog<T> backlog) {
        long dropped = 0;
        T oldest;
        while (!fits(size) && (oldest = backlog.removeOldest()) != null) {
            remove(1, weight.applyAsInt(oldest));
            dropped++;
        }
        return dropped;
    }

    /** Gives up everything that waits; how many there were. */
    long clear(Backlog<T> backlog) {
        long dropped = 0;
        T oldest;
        while ((oldest = backlog.removeOldest()) != null) {
            remove(1, weight.applyAsInt(oldest));
            dropped++;
        }
        return dropped;
    }

    /** Whether less than half of both limits is used. */
    boolean isLow() {
        return isLow(0);
    }

    /** Whether it would be so with so many bytes more. */
    boolean isLow(int more) {
        return items <= (limits.items() - 1) / 2 && bytes + more <= (limits.bytes() - 1) / 2;
    }

    /**
     * Counts the items that a mailbox drops, and tells its handler when that begins and ends: once each, in this order,
     * and never under the mailbox' lock. Whoever notices first tells, also what others notice meanwhile.
     */
    static final class Drops {

        private final Object lock;
        private final Mailbox.Handler<?> handler;
        private final BooleanSupplier calm;
        private long total; // guarded by lock, like all below
        private long sinceItBegan;
        private boolean began; // and the end was not told yet
        private boolean telling;

        /** The lock is that of the mailbox; under it, the supplier is asked whether dropping has come to an end. */
        Drops(Object lock, Mailbox.Handler<?> handler, BooleanSupplier calm) {
            this.lock = lock;
            this.handler = handler;
            this.calm = calm;
        }

        long total() {
            return total;
        }

        /** Counts. The caller holds the lock. */
        void add(long items) {
            total += items;
            sinceItBegan += items;
        }

        /** Whether there is something to tell that nobody tells; if so, {@link #tell}. The caller holds the lock. */
        boolean isToTell() {
            boolean mine = sinceItBegan > 0 && !telling && (!began || calm.getAsBoolean());
            telling |= mine;
            return mine;
        }

        /** Tells what there is to tell. The caller holds no lock. */
        void tell() {
            while (true) {
                boolean begins;
                long cost;
                synchronized (lock) {
                    begins = !began;
                    if (sinceItBegan == 0 || !(begins || calm.getAsBoolean())) {
                        telling = false;
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
                    Mailbox.complain("A mailbox handler failed when it was told that items are dropped", t);
                }
            }
        }
    }
}
