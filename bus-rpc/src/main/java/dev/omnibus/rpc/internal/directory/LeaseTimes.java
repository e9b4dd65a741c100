package dev.omnibus.rpc.internal.directory;

import java.time.Duration;

/**
 * When leases are renewed, end and are looked at.
 *
 * <p>A death is known after 5 seconds at most. The lease ends; within a look somebody notices and takes it out; within
 * another one everybody has noticed that; and the second look decides: 1.5 + 1 + 1 + 1.4 seconds.
 */
public final class LeaseTimes {

    /** How often a node renews its lease: at the moment of its heartbeat, which wakes Redis up anyway. */
    static final Duration RENEWAL = Duration.ofSeconds(1);

    /** How long a lease stands. If a renewal is lost it ends for a moment, and is there again at the second look. */
    public static final Duration LEASE = Duration.ofMillis(1_500);

    /** How often the leases are looked at. The renewal of a node that serves something is its look. */
    public static final Duration LOOK = RENEWAL;

    /** A live node whose lease was lost by Redis has renewed it by then. */
    public static final Duration SECOND_LOOK = Duration.ofMillis(1_400);

    /** How soon after a look for a word on presence that found nothing new the next word is followed; then doubled. */
    public static final Duration MIN_PAUSE = Duration.ofMillis(5);

    /** For so long the lease of a node that is gone may still be seen. */
    public static final long DOUBT_NANOS = LEASE.plus(LOOK.multipliedBy(2)).toNanos();

    private LeaseTimes() {}
}
