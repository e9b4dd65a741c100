package dev.omnibus.bus;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;

public class InMemoryBusClosingTest extends BusClosingContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    public Transport connect() {
        return network.open();
    }
}
