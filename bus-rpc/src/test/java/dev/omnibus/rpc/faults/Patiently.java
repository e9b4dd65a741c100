package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.ConnectionException;
import dev.omnibus.transport.TransportException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Opens a bus on a machine that may be too busy to do it within the three seconds that are promised. */
final class Patiently {

    private Patiently() {}

    static Bus open(Supplier<Bus> bus) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            try {
                return bus.get();
            } catch (ConnectionException | TransportException e) {
                if (System.nanoTime() - deadline > 0) {
                    throw e;
                }
            }
        }
    }

    static Bus open(String url, String name) {
        return open(() -> Bus.builder(url).name(name).build());
    }
}
