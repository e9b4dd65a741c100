package dev.omnibus.bus;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryObserverTest extends ObserverContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    public Transport connect() {
        return network.open();
    }
}
