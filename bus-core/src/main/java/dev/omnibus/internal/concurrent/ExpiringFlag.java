package dev.omnibus.internal.concurrent;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A flag with a timeout: it marks that something is in progress, but expires, because the task may have been lost, as
 * by an executor that is out of memory. Then another thread may take over, so what is in progress may happen twice.
 * Thread-safe.
 */
public final class ExpiringFlag {

    private static final long CLEAR = 0;

    private final long expiry; // nanoseconds
    private final AtomicLong since = new AtomicLong(CLEAR);

    /**
     * Creates a flag that is clear.
     *
     * @param expiry how long it stays set at most; far longer than what is in progress takes
     */
    public ExpiringFlag(Duration expiry) {
        this.expiry = expiry.toNanos();
    }

    /**
     * Sets it.
     *
     * @return true if it was clear or has expired; false if it is set
     */
    public boolean set() {
        long before = since.get();
        return !isAlive(before) && since.compareAndSet(before, System.nanoTime() | 1); // never CLEAR
    }

    /**
     * Returns whether it is set.
     *
     * @return false if it is clear or has expired
     */
    public boolean isSet() {
        return isAlive(since.get());
    }

    private boolean isAlive(long set) {
        return set != CLEAR && System.nanoTime() - set <= expiry;
    }

    /** Clears it. */
    public void clear() {
        since.set(CLEAR);
    }
}
