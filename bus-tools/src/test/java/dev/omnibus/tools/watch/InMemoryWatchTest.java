package dev.omnibus.tools.watch;

import dev.omnibus.bus.Bus;
import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryWatchTest extends WatchContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Bus connect(String name) {
        return Bus.builder(network.open()).name(name).build();
    }
}
