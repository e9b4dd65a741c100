package dev.omnibus.rpc;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How late a machine that is busy lets threads go on which want to sleep a moment only. What waits for a moment in time
 * cannot be more punctual than that, however it is written.
 */
final class Stalls implements AutoCloseable {

    private static final int THREADS = 8;
    private static final long NAP = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long WORTH_MENTION = TimeUnit.MILLISECONDS.toNanos(5);

    private record Stall(long from, long to) {}

    private final Queue<Stall> stalls = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    Stalls() {
        for (int i = 0; i < THREADS; i++) {
            Thread sleeper = new Thread(this::sleep, "stalls-" + i);
            sleeper.setDaemon(true);
            sleeper.start();
        }
    }

    private void sleep() {
        while (!closed) {
            long due = System.nanoTime() + NAP;
            LockSupport.parkNanos(NAP);
            long now = System.nanoTime();
            if (now - due > WORTH_MENTION) {
                stalls.add(new Stall(due, now));
            }
        }
    }

    /** The longest one that overlaps a span of time, in nanoseconds; 0 if there was none. */
    long longest(long from, long to) {
        return stalls.stream()
                .filter(stall -> stall.to() - from > 0 && stall.from() - to < 0)
                .mapToLong(stall -> stall.to() - stall.from())
                .max()
                .orElse(0);
    }

    /** The threads end by themselves, after their nap. */
    @Override
    public void close() {
        closed = true;
    }
}
