package dev.omnibus.internal.concurrent;

import dev.omnibus.internal.concurrent.Mailbox.Limits;
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
}
