package dev.omnibus.internal.channel;

import org.jspecify.annotations.Nullable;

/**
 * A timing wheel: entries by when they are due, in slots of one period, so that an advance sees only those that are.
 *
 * <p>An entry is in it once, in the earliest of the slots that it was scheduled for. What is due later than the wheel
 * reaches comes up earlier, and is to be scheduled again. The entries of a slot are linked to each other, so nothing
 * here needs memory. Thread-safe.
 *
 * @param <E> what is scheduled
 */
final class TimingWheel<E extends TimingWheel.Entry> {

    private static final int SLOTS = 64; // a power of 2
    private static final long NONE = Long.MAX_VALUE;

    private final long period;
    private final Entry[] slots = new Entry[SLOTS]; // heads of rings, like the next one
    private final Entry due = new Entry();
    private volatile long passed; // the last slot that was; written under the lock

    /** What can be scheduled. It is in a ring with others, or in one of its own. */
    static class Entry {

        private Entry previous = this; // guarded by the wheel, like the next one
        private Entry next = this;
        private volatile long slot = NONE; // written under the lock of the wheel

        private boolean isAlone() {
            return next == this;
        }

        private void unlink() {
            previous.next = next;
            next.previous = previous;
            previous = this;
            next = this;
        }

        /** Appends another ring to the one that this is the head of. */
        private void append(Entry ring) {
            Entry last = ring.previous;
            previous.next = ring;
            ring.previous = previous;
            last.next = this;
            previous = last;
        }
    }

    TimingWheel(long periodNanos, long now) {
        period = periodNanos;
        passed = slot(now);
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = new Entry();
        }
    }

    private long slot(long time) {
        return Math.floorDiv(time, period);
    }

    private Entry head(long slot) {
        return slots[(int) slot & SLOTS - 1];
    }

    /** Whether an entry does not come up with the next period. Takes no lock. */
    boolean isLater(Entry entry) {
        return entry.slot > passed + 1;
    }

    /** Has an entry come up with the next period. */
    synchronized void scheduleNext(E entry) {
        put(entry, passed + 1);
    }

    /** Has an entry come up in the period of that time, if that is to come, unless it does so earlier. */
    synchronized void schedule(E entry, long time) {
        put(entry, Math.max(passed + 1, Math.min(slot(time), passed + SLOTS - 1)));
    }

    private void put(Entry entry, long slot) {
        if (entry.slot > slot) {
            entry.unlink();
            entry.slot = slot;
            head(slot).append(entry);
        }
    }

    /** Takes an entry out, if it is in. */
    synchronized void remove(Entry entry) {
        entry.unlink();
        entry.slot = NONE;
    }

    /** Has everything come up that was due before a time, or is in its period. */
    synchronized void advance(long now) {
        long present = slot(now);
        for (long slot = Math.max(passed + 1, present - SLOTS + 1); slot <= present; slot++) {
            Entry head = head(slot);
            if (!head.isAlone()) {
                Entry ring = head.next;
                head.unlink();
                due.append(ring);
            }
        }
        passed = Math.max(passed, present);
    }

    /** Takes out the next entry that has come up; null without one. */
    @SuppressWarnings("unchecked") // nothing else is scheduled
    synchronized @Nullable E poll() {
        if (due.isAlone()) {
            return null;
        }
        E first = (E) due.next;
        remove(first);
        return first;
    }
}
