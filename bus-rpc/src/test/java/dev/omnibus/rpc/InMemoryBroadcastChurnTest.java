package dev.omnibus.rpc;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryBroadcastChurnTest extends BroadcastChurnContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }
}
