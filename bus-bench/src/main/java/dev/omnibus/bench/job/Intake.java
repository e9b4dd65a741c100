package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Closing;
import dev.omnibus.bench.peer.DurableClient;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.server.Addresses;
import java.util.List;
import java.util.function.Consumer;

/** How the subscribers' processes get events. */
enum Intake {
    /** Each gets all, as they come. */
    EVENTS,
    /** They share those of a durable topic, and acknowledge them. */
    GROUP,
    /** Each reads all of a durable topic. */
    FOLLOW;

    /** The consumer group. */
    static final String GROUP_NAME = "desk";

    Closing open(Peer peer, Addresses addresses, List<String> topics, Consumer<Order> handler) throws Exception {
        if (this == EVENTS) {
            return peer.subscribe(addresses, topics, handler);
        }
        Closing opened = new Closing();
        DurableClient client = opened.add(peer.durable(addresses));
        if (this == GROUP) {
            client.consume(GROUP_NAME, handler);
        } else {
            client.follow(handler);
        }
        return opened;
    }

    /** How often each event arrives, in that many processes. */
    int copies(int processes) {
        return this == GROUP ? 1 : processes;
    }
}
