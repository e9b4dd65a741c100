package dev.omnibus.internal.concurrent;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A series of short tasks: one thread of an executor runs them in order. Should one of them block, the next ones do not
 * wait for it: as long as any are left, another thread is on its way, which goes on with them.
 */
public final class TaskSeries {

    private final Executor executor;
    private final int size;
    private final IntConsumer task;
    private final AtomicInteger next = new AtomicInteger();
    private volatile @Nullable Thread asking; // the one that asks for another thread

    /**
     * Creates a series.
     *
     * @param size how many tasks there are
     * @param task runs that of a number; it does not throw
     */
    public TaskSeries(Executor executor, int size, IntConsumer task) {
        this.executor = executor;
        this.size = size;
        this.task = task;
    }

    /** Starts it. */
    public void start() {
        if (size > 0) {
            executor.execute(this::run);
        }
    }

    private void run() {
        if (asking == Thread.currentThread()) { // the executor has no other thread, and this one goes on in any case
            return;
        }
        int number = next.getAndIncrement();
        if (number < size - 1) {
            asking = Thread.currentThread();
            executor.execute(this::run);
            asking = null;
        }
        for (; number < size; number = next.getAndIncrement()) {
            task.accept(number);
        }
    }
}
