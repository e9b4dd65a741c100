package dev.omnibus.rpc.internal.server;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * The pace at which a node renews its lease of one queue: each period while there is something in the queue, and less
 * and less often while it is empty, so that a node with hundreds of queues that rest costs next to nothing. A notice
 * wakes it. Guarded by its user.
 */
final class RenewalPace {

    /** How often the lease is renewed. */
    static final Duration PERIOD = Duration.ofSeconds(1);

    /** How long a node seems to be alive that does not renew it. */
    static final Duration LEASE = Duration.ofSeconds(4);

    /** After this what has come without a notice is found: it was enqueued by hand. */
    private static final long MAX_REST_NANOS = TimeUnit.SECONDS.toNanos(15);

    private static final long PERIOD_NANOS = PERIOD.toNanos();
    private static final long STALE_NANOS = LEASE.toNanos() - 2 * PERIOD_NANOS;

    private boolean known; // it was renewed before
    private long last; // when it was asked for
    private long next;
    private long rest = PERIOD_NANOS;

    /** Whether it is time. */
    boolean isDue(long now) {
        return !known || now - next >= 0;
    }

    /** When the last renewal was sent that was answered. */
    long last() {
        return last;
    }

    /** Whether the lease may end before what is sent now arrives. */
    boolean isStale(long now) {
        return known && now - last > STALE_NANOS;
    }

    /**
     * It was renewed.
     *
     * @param asked when the request was sent
     * @param busy whether the node has something to do with the queue
     * @param quiet for how long nothing comes up in the queue by itself
     */
    void renewed(long asked, boolean busy, Duration quiet) {
        known = true;
        last = asked;
        next = asked;
        if (busy || quiet.isZero()) {
            rest = PERIOD_NANOS;
        } else {
            long jitter = ThreadLocalRandom.current().nextLong(rest / 4); // many queues begin to rest at the same time
            next += Math.min(rest - jitter, Math.min(MAX_REST_NANOS, quiet.toNanos()));
            rest = Math.min(2 * rest, MAX_REST_NANOS);
        }
    }

    /** Something came up. */
    void wake(long now) {
        next = now;
        rest = PERIOD_NANOS;
    }
}
