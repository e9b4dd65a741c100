package dev.omnibus.internal.durable.log;

import dev.omnibus.internal.channel.Channels;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;

/** The clock and the timers of the engine, so that tests can have hours go by. */
public interface Timing {

    /** How often leases are renewed, and everything else that is done periodically. */
    Duration PERIOD = Duration.ofSeconds(1);

    /** Returns the time in nanoseconds, of no particular origin, as {@link System#nanoTime()}. */
    long nanos();

    /** Runs a task once, after a delay, on a thread that it may hold up a little. */
    void later(Duration delay, Runnable task);

    /** Runs a task that sends each {@link #PERIOD}. */
    Future<?> periodically(Runnable sending);

    /** Returns the timing of a bus. */
    static Timing of(Channels channels) {
        return new Timing() {

            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public void later(Duration delay, Runnable task) {
                channels.later(delay, task);
            }

            @Override
            public Future<?> periodically(Runnable sending) {
                return channels.sendEvery(PERIOD, sending);
            }
        };
    }

    /**
     * Returns the pause before one more attempt: the first one doubled with each, up to the longest, a fifth more or
     * less.
     */
    static Duration backoff(Duration first, Duration longest, int attempts) {
        long nanos = first.toNanos();
        for (int i = 0; i < attempts && nanos < longest.toNanos(); i++) {
            nanos = nanos > Long.MAX_VALUE / 2 ? longest.toNanos() : 2 * nanos;
        }
        double jitter = ThreadLocalRandom.current().nextDouble(0.8, 1.2);
        return Duration.ofNanos((long) (Math.min(nanos, longest.toNanos()) * jitter));
    }
}
