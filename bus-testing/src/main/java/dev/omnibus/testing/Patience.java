package dev.omnibus.testing;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A poller that waits until servers agree with each other, which they do not announce. */
final class Patience {
    private static final Duration POLL = Duration.ofMillis(20);

    private Patience() {}

    /** Waits for a condition. A server that does not answer counts as not ready yet. */
    static void until(String expected, Duration timeout, BooleanSupplier condition) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!holds(condition)) {
            if (System.nanoTime() > deadline) {
                throw new RedisServerException(
                        "Waited " + timeout.toSeconds() + "s in vain: " + expected + "; is the machine overloaded?");
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new RedisServerException("Interrupted while waiting: " + expected);
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    private static boolean holds(BooleanSupplier condition) {
        try {
            return condition.getAsBoolean();
        } catch (RedisServerException e) {
            return false;
        }
    }
}
