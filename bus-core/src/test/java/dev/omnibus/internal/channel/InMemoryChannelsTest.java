package dev.omnibus.internal.channel;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryChannelsTest extends ChannelsContract {

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
