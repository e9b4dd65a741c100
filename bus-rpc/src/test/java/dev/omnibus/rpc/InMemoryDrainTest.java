package dev.omnibus.rpc;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryDrainTest extends DrainContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }
}
