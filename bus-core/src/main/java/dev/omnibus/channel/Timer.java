package dev.omnibus.channel;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A timer: one daemon thread, which does not die without a successor.
 *
 * <p>What a task throws ends no thread. But when memory is exhausted, the pool itself may throw while it waits for the
 * next task, and then no other thread can be made either. Nobody would notice: the heartbeat is what notices, and it
 * comes from here. So a thread that has died waits until the next one has begun. Thread-safe.
 */
final class Timer extends ScheduledThreadPoolExecutor {

    private static final long NO_MEMORY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    Timer(String name) {
        super(1);
        setThreadFactory(threads(name));
        setRemoveOnCancelPolicy(true);
        setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    private ThreadFactory threads(String name) {
        return work -> {
            Thread thread = new Thread(
                    () -> {
                        try {
                            work.run();
                        } finally {
                            succeed();
                        }
                    },
                    name);
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Nothing that is done here before there is memory again needs any. */
    private void succeed() {
        boolean succeeded = false;
        while (!succeeded && !isShutdown()) {
            try {
                boolean unused = prestartCoreThread(); // false if the pool has done so itself
                succeeded = true;
            } catch (OutOfMemoryError e) {
                LockSupport.parkNanos(NO_MEMORY_NANOS);
            }
        }
    }
}
