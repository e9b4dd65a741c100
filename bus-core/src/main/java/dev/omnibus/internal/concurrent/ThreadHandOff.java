package dev.omnibus.internal.concurrent;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;

/** Keeps the first task for the thread that drains a mailbox, and gives the others to the executor. */
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
