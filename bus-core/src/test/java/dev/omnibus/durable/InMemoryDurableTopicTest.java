package dev.omnibus.durable;

import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;

class InMemoryDurableTopicTest extends DurableTopicContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }
}
