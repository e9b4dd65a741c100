package dev.omnibus.internal.concurrent;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;

/**
 * A hand-off: keeps the first task for the thread that drains a mailbox, and passes the others to the executor.
 * Confined to one thread.
 */
final class ThreadHandOff implements Executor {

    private final Executor executor;
    private final ArrayDeque<Runnable> first = new ArrayDeque<>(1);

    ThreadHandOff(Executor executor) {
        this.executor = executor;
    }

    @Override
    public void execute(Runnable task) {
        if (first.isEmpty()) {
            first.add(task);
        } else {
            executor.execute(task);
        }
    }

    boolean hasTask() {
        return !first.isEmpty();
    }

    void run() {
        first.remove().run();
    }
}
