package dev.omnibus.internal.concurrent;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * A caller-runs executor: if the bus' executor is shut down or no thread can be started, it runs the task on the
 * calling thread. A task that completes a call must not be rejected, or its caller would wait forever.
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
