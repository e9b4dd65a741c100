package dev.omnibus.rpc;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryBackgroundServingTest extends BackgroundServingContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    InMemoryBackgroundServingTest() {
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
