package dev.omnibus.internal.durable;

import dev.omnibus.internal.durable.log.Timing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Time that goes by when the test says so: nothing waits, and nothing is done meanwhile. */
final class ManualTiming implements Timing {

    private record Due(long at, Runnable task) {}

    private final PriorityQueue<Due> waiting =
            new PriorityQueue<>(Comparator.comparingLong(Due::at)); // guarded by this
    private final List<Runnable> periodic = new ArrayList<>(); // guarded by this
    private long now; // guarded by this

    @Override
    public synchronized long nanos() {
        return now;
    }

    @Override
    public synchronized void later(Duration delay, Runnable task) {
        waiting.add(new Due(now + delay.toNanos(), task));
    }

    @Override
    public synchronized Future<?> periodically(Runnable sending) {
        periodic.add(sending);
        return new CompletableFuture<>();
    }

    /** Lets time go by, but for the periodic tasks, as for a process that is paused. */
    synchronized void pass(Duration by) {
        now += by.toNanos();
    }

    /** Runs what is due, and then the periodic tasks, if it is time for them. */
    void run(boolean tick) {
        for (Runnable task = nextDue(); task != null; task = nextDue()) {
            task.run();
        }
        List<Runnable> all;
        synchronized (this) {
            all = tick ? List.copyOf(periodic) : List.of();
        }
        all.forEach(Runnable::run);
    }

    private synchronized @Nullable Runnable nextDue() {
        return waiting.isEmpty() || waiting.peek().at() > now
                ? null
                : waiting.remove().task();
    }
}
