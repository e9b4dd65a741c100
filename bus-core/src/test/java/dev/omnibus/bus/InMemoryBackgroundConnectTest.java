package dev.omnibus.bus;

import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryBackgroundConnectTest extends BackgroundConnectContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    InMemoryBackgroundConnectTest() {
        network.down();
    }

    @Override
    BusBuilder builder() {
        return Bus.builder(network.open());
    }

    @Override
    void come() {
        network.up();
    }
}
