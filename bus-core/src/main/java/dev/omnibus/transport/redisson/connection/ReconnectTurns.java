package dev.omnibus.transport.redisson.connection;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.redisson.config.Config;

/**
 * A semaphore for all transports of the process to the same servers: a few of them reconnect at the same time.
 * Connecting takes processor time, and hundreds of nodes that miss their heartbeats because none is left would take the
 * rest from each other. Whoever waits for a server that is dead holds up nobody who connects to another one.
 */
public final class ReconnectTurns {

    private static final int AT_ONCE = 4;
    private static final long POLL_MILLIS = 500;
    private static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(20); // others may wait for a dead server

    /** By address, of which a process has few. */
    private static final Map<String, Semaphore> TURNS = new ConcurrentHashMap<>();

    private ReconnectTurns() {}

    /**
     * Runs a task in its turn, or after twenty seconds out of turn.
     *
     * @param config where it connects to
     * @param wanted asked until then, and once more when it begins
     * @return false if it was not wanted any more and did not run
     */
    public static boolean run(Config config, BooleanSupplier wanted, Runnable task) {
        Semaphore turns =
                TURNS.computeIfAbsent(ConnectFailures.servers(config), address -> new Semaphore(AT_ONCE, true));
        boolean turn = false;
        try {
            long begun = System.nanoTime();
            while (!turn && wanted.getAsBoolean() && System.nanoTime() - begun < MAX_WAIT_NANOS) {
                turn = turns.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS);
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
                turns.release();
            }
        }
    }
}
