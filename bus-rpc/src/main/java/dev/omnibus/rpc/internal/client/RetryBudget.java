package dev.omnibus.rpc.internal.client;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * A retry budget: a tenth of the recent calls, and a few. When everything fails, retries add no more than a tenth to
 * the load. Thread-safe.
 */
public final class RetryBudget {

    /** What a client that makes few calls may retry as well. */
    public static final int MIN_RETRIES = 10;

    /** One retry for so many calls. */
    public static final int CALLS_PER_RETRY = 10;

    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final LongAdder calls = new LongAdder(); // of this window
    private long began; // guarded by this, like all below
    private long callsBefore;
    private long retries;
    private long retriesBefore;

    public RetryBudget(long now) {
        began = now;
    }

    /** Counts a call. Costs next to nothing, even from many threads. */
    public void called() {
        calls.increment();
    }

    /** Begins a new window when it is time. The last one still counts, unless nobody has called for as long. */
    public synchronized void tick(long now) {
        long age = now - began;
        if (age < WINDOW_NANOS) {
            return;
        }
        began = now;
        long called = calls.sumThenReset();
        boolean counts = age < 2 * WINDOW_NANOS;
        callsBefore = counts ? called : 0;
        retriesBefore = counts ? retries : 0;
        retries = 0;
    }

    /** Takes one retry; false if none is left. */
    public synchronized boolean tryAcquire() {
        if (retries + retriesBefore >= MIN_RETRIES + (calls.sum() + callsBefore) / CALLS_PER_RETRY) {
            return false;
        }
        retries++;
        return true;
    }
}
