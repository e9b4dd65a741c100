package dev.omnibus.examples;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.ConnectionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Opens a bus in a process that has just started, where one attempt may take too long: several JVMs that warm up at
 * once leave each other little time, and Redis may have started with them. Stateless.
 */
public final class PatientStart {

    private static final int ATTEMPTS = 12;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private PatientStart() {}

    /**
     * Opens the bus, and tries again a few times as long as Redis cannot be reached.
     *
     * @param builder on an address, so that each attempt makes a connection of its own
     * @return the open bus
     * @throws ConnectionException if Redis cannot be reached in all that time, or refuses the login
     */
    public static Bus open(BusBuilder builder) {
        for (int attempt = 1; ; attempt++) {
            try {
                return builder.build();
            } catch (ConnectionException e) {
                if (e.reason() != ConnectionException.Reason.UNREACHABLE || attempt == ATTEMPTS) {
                    throw e;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
