package dev.omnibus.internal.concurrent;

import java.util.function.BooleanSupplier;

/**
 * Counts the items that a mailbox drops, and tells its handler when that begins and ends: once each, in this order, and
 * never under the mailbox' lock. Whoever notices first tells, also what others notice meanwhile.
 */
final class DropReporter {

    private final Object lock;
    private final Mailbox.Handler<?> handler;
    private final BooleanSupplier calm;
    private long total; // guarded by lock, like all below
    private long sinceItBegan;
    private boolean began; // and the end was not told yet
    private boolean telling;

    /** The lock is that of the mailbox; under it, the supplier is asked whether dropping has come to an end. */
    DropReporter(Object lock, Mailbox.Handler<?> handler, BooleanSupplier calm) {
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
