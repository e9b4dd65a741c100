package dev.omnibus.transport.redisson.connection;

import io.netty.util.Timeout;
import io.netty.util.TimerTask;
import io.netty.util.concurrent.EventExecutorGroup;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;

/**
 * An executor for what a timer finds expired: the timeouts of commands run on the event loop, after one more turn of
 * reading. The timer has a thread of its own, so that after this process, or the event loop alone, stood still,
 * commands would fail whose answers have long come. Whatever becomes of the event loop, they run two seconds later.
 * Everything else runs where it is. Thread-safe.
 *
 * @param eventLoop of one thread, which reads the answers
 * @param ofCommand which tasks are the timeouts of commands
 */
record ReadFirst(EventExecutorGroup eventLoop, Predicate<TimerTask> ofCommand) implements Executor {

    private static final int AT_THE_LATEST_SECONDS = 2;

    @Override
    public void execute(Runnable expired) {
        if (expired instanceof Timeout timeout && ofCommand.test(timeout.task())) {
            putOff(timeout, expired);
        } else {
            expired.run();
        }
    }

    private void putOff(Timeout timeout, Runnable expired) {
        AtomicBoolean begun = new AtomicBoolean();
        Runnable once = () -> {
            if (!begun.getAndSet(true)) {
                expired.run();
            }
        };
        try {
            timeout.timer().newTimeout(late -> once.run(), AT_THE_LATEST_SECONDS, TimeUnit.SECONDS);
            // A task runs in the turn in which it is added; what is scheduled waits for the next one, which reads
            // first.
            eventLoop.execute(() -> {
                var unused = eventLoop.schedule(once, 1, TimeUnit.MILLISECONDS);
            });
        } catch (RuntimeException | Error e) { // one of the two has ended, or memory lacks
            once.run();
        }
    }
}
