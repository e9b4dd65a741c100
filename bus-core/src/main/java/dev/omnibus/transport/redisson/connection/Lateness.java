package dev.omnibus.transport.redisson.connection;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A watch on the own timer: whether something took long because this process had no processor. Thread-safe. */
public final class Lateness implements Runnable {

    private static final long PERIOD = TimeUnit.MILLISECONDS.toNanos(50);

    private long last = System.nanoTime(); // guarded by this, like all below
    private long longest;
    private @Nullable Future<?> runs;

    private Lateness() {}

    public static Lateness watch(ScheduledExecutorService timer) {
        Lateness watched = new Lateness();
        synchronized (watched) {
            watched.runs = timer.scheduleWithFixedDelay(watched, PERIOD, PERIOD, TimeUnit.NANOSECONDS);
        }
        return watched;
    }

    @Override
    public synchronized void run() {
        long now = System.nanoTime();
        longest = Math.max(longest, now - last - PERIOD);
        last = now;
    }

    /** How late it was at most; it may be so at this moment. */
    public synchronized Duration longest() {
        run();
        return Duration.ofNanos(longest);
    }

    public synchronized void end() {
        if (runs != null) {
            boolean unused = runs.cancel(false);
        }
    }
}
