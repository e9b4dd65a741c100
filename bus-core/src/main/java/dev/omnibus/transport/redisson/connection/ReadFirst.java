package dev.omnibus.transport.redisson.connection;

import io.netty.util.Timeout;
import io.netty.util.concurrent.EventExecutorGroup;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * An executor for what a timer finds expired: the timeouts of Redisson's commands run on the event loop, after it has
 * read what there is. The timer has a thread of its own, so that after this process, or the event loop alone, stood
 * still, commands would fail whose answers have long come. All others run where they are. Thread-safe.
 *
 * @param eventLoop of one thread, which reads the answers
 */
record ReadFirst(EventExecutorGroup eventLoop) implements Executor {

    private static final String COMMANDS = "org.redisson.command.";

    @Override
    public void execute(Runnable expired) {
        boolean ofCommand = expired instanceof Timeout timeout
                && timeout.task().getClass().getName().startsWith(COMMANDS);
        if (!ofCommand || !isPutOff(expired)) {
            expired.run();
        }
    }

    private boolean isPutOff(Runnable expired) {
        try {
            eventLoop.execute(() -> putOff(expired));
            return true;
        } catch (RejectedExecutionException dead) { // it reads no more
            return false;
        }
    }

    /** A task runs in the turn in which it is added; what is scheduled waits for the next one, which reads first. */
    private void putOff(Runnable expired) {
        try {
            var unused = eventLoop.schedule(expired, 1, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ends) {
            expired.run();
        }
    }
}
