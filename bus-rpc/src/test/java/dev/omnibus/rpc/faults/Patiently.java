package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.ConnectionException;
import dev.omnibus.transport.TransportException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Opens a bus on a machine that may be too busy to do it within the three seconds that are promised. */
public final class Patiently {

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private Patiently() {}

    /** Tries again until half a minute is over; whoever is refused learns it at once. */
    public static Bus open(Supplier<Bus> bus) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            try {
                return bus.get();
            } catch (ConnectionException e) {
                if (e.reason() == ConnectionException.Reason.REFUSED || System.nanoTime() - deadline > 0) {
                    throw e;
                }
            } catch (TransportException e) {
                if (e.kind() == TransportException.Kind.REFUSED || System.nanoTime() - deadline > 0) {
                    throw e;
                }
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /** On one Redis server. */
    public static Bus open(String url, String name) {
        return open(() -> Bus.builder(url).name(name).build());
    }
}
