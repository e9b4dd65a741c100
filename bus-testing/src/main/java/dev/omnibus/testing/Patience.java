package dev.omnibus.testing;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for servers to agree with each other, which they tell nobody when they do. */
final class Patience {
    private static final Duration POLL = Duration.ofMillis(20);

    private Patience() {}

    /** A server that does not answer right now counts as not yet. */
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
