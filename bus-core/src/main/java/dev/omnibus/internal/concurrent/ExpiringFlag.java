package dev.omnibus.internal.concurrent;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A flag that says that something is under way, and is not believed for ever. Who was to do it may have forgotten it,
 * as an executor may when there is no memory: then somebody else takes it on. What is under way may thus come twice.
 * Thread-safe.
 */
public final class ExpiringFlag {

    private static final long CLEAR = 0;

    private final long expiry; // nanoseconds
    private final AtomicLong since = new AtomicLong(CLEAR);

    /**
     * Makes one that is clear.
     *
     * @param expiry for how long it is believed; far longer than what is under way takes
     */
    public ExpiringFlag(Duration expiry) {
        this.expiry = expiry.toNanos();
    }

    /**
     * Sets it.
     *
     * @return true if it was clear, or is not believed any more; false if it is set
     */
    public boolean set() {
        long before = since.get();
        return !isBelieved(before) && since.compareAndSet(before, System.nanoTime() | 1); // never the mark
    }

    /**
     * Whether it is set.
     *
     * @return false if it is clear, or is not believed any more
     */
    public boolean isSet() {
        return isBelieved(since.get());
    }

    private boolean isBelieved(long set) {
        return set != CLEAR && System.nanoTime() - set <= expiry;
    }

    /** Clears it. */
    public void clear() {
        since.set(CLEAR);
    }
}
