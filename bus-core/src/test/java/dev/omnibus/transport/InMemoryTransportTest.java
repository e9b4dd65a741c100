package dev.omnibus.transport;

import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryTransportTest extends TransportContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }

    @Override
    void takeDown() {
        network.down();
    }

    @Override
    void bringUp() {
        network.up();
    }
}
