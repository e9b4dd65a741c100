package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.DurableClient;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;

/** Durable events from one publisher, until they are kept. Nobody reads them. */
record DurablePublish(String name, String title, int bytes) implements DurableJob {

    @Override
    public Metric metric() {
        return Metric.RATE;
    }

    @Override
    public Measured measure(DurableClient client, Peer peer, Stage stage) throws Exception {
        DurablePublisher publisher = new DurablePublisher(client);
        Flow flow = new Flow(publisher, publisher, 1, Order.note(bytes));
        flow.run(stage.warmUpNanos());
        Measured measured = flow.measure(peer, stage, Usage::ofThisProcess);
        publisher.require(flow.published());
        if (client.kept() != flow.published()) {
            throw new IllegalStateException(client.kept() + " events are there, of " + flow.published());
        }
        return measured;
    }
}
