package dev.omnibus.transport.redisson.connection;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A semaphore for all transports of the process: a few of them reconnect at the same time. Connecting takes processor
 * time, and hundreds of nodes that miss their heartbeats because none is left would take the rest from each other.
 */
public final class ReconnectTurns {

    private static final Semaphore TURNS = new Semaphore(4);
    private static final long POLL_MILLIS = 500;
    private static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(20); // others may wait for a dead server

    private ReconnectTurns() {}

    /**
     * Runs a task in its turn, or after twenty seconds out of turn.
     *
     * @param wanted asked until then, and once more when it begins
     * @return false if it was not wanted any more and did not run
     */
    public static boolean run(BooleanSupplier wanted, Runnable task) {
        boolean turn = false;
        try {
            long begun = System.nanoTime();
            while (!turn && wanted.getAsBoolean() && System.nanoTime() - begun < MAX_WAIT_NANOS) {
                turn = TURNS.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS);
            }
            boolean runs = wanted.getAsBoolean();
            if (runs) {
                task.run();
            }
            return runs;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            if (turn) {
                TURNS.release();
            }
        }
    }
}
