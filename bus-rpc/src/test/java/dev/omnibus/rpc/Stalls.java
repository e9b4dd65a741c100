package dev.omnibus.rpc;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How late a machine that is busy lets threads go on which want to sleep a moment only. What waits for a moment in time
 * cannot be more punctual than that, however it is written.
 */
public final class Stalls implements AutoCloseable {

    private static final int THREADS = 8;
    private static final long NAP = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long WORTH_MENTION = TimeUnit.MILLISECONDS.toNanos(5);

    private record Stall(int sleeper, long from, long to) {}

    private final Queue<Stall> stalls = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    /** Begins to look. */
    public Stalls() {
        for (int i = 0; i < THREADS; i++) {
            int number = i;
            Thread sleeper = new Thread(() -> sleep(number), "stalls-" + i);
            sleeper.setDaemon(true);
            sleeper.start();
        }
    }

    private void sleep(int sleeper) {
        while (!closed) {
            long due = System.nanoTime() + NAP;
            LockSupport.parkNanos(NAP);
            long now = System.nanoTime();
            if (now - due > WORTH_MENTION) {
                stalls.add(new Stall(sleeper, due, now));
            }
        }
    }

    /** The longest one that overlaps a span of time, in nanoseconds; 0 if there was none. */
    public long longest(long from, long to) {
        return during(from, to)
                .mapToLong(stall -> stall.to() - stall.from())
                .max()
                .orElse(0);
    }

    /** How long the sleeper that fared worst was late in a span of time, in nanoseconds, taken together. */
    public long together(long from, long to) {
        return during(from, to)
                .collect(Collectors.groupingBy(
                        Stall::sleeper, Collectors.summingLong(stall -> stall.to() - stall.from())))
                .values()
                .stream()
                .mapToLong(late -> late)
                .max()
                .orElse(0);
    }

    private Stream<Stall> during(long from, long to) {
        return stalls.stream().filter(stall -> stall.to() - from > 0 && stall.from() - to < 0);
    }

    /** The threads end by themselves, after their nap. */
    @Override
    public void close() {
        closed = true;
    }
}
