package dev.omnibus.rpc.internal.client;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * How many retries a client may make: a tenth of its calls of late, and a few. When everything fails, a tenth more
 * calls is all that retries add to the trouble. Thread-safe.
 */
public final class RetryBudget {

    /** Also who makes few calls may retry one. */
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

    /** A call is made. Costs next to nothing, also when many threads do it. */
    public void called() {
        calls.increment();
    }

    /** Begins a new window when it is time. What happened in the last one still counts in this one. */
    public synchronized void tick(long now) {
        if (now - began < WINDOW_NANOS) {
            return;
        }
        began = now;
        callsBefore = calls.sumThenReset();
        retriesBefore = retries;
        retries = 0;
    }

    /** Takes one retry, if there is one. */
    public synchronized boolean tryAcquire() {
        if (retries + retriesBefore >= MIN_RETRIES + (calls.sum() + callsBefore) / CALLS_PER_RETRY) {
            return false;
        }
        retries++;
        return true;
    }
}
