package dev.omnibus.rpc;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryPresenceTest extends PresenceContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }
}
