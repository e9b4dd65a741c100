package dev.omnibus.internal.concurrent;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * The bus' executor, and when that has ended or no thread can be had, the thread at hand: what ends a call must not be
 * refused, or somebody would wait for ever.
 */
public record CallerRunsExecutor(Executor executor) implements Executor {

    @Override
    public void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException | OutOfMemoryError noThread) {
            task.run();
        }
    }
}
