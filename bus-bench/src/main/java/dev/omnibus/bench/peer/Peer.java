package dev.omnibus.bench.peer;

import dev.omnibus.bench.server.Addresses;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** One library, used through its ordinary public API with sensible settings. */
public interface Peer {

    /** As in the options and in the tables. */
    String name();

    Set<Ability> abilities();

    /** Whether it needs nats-server. */
    default boolean needsNats() {
        return false;
    }

    /** Whether it needs the cluster of Redis. */
    default boolean needsCluster() {
        return false;
    }

    /** One client and so many nodes that serve, all in this process, each with a connection of its own. */
    default Caller caller(Addresses addresses, int nodes) throws Exception {
        throw new UnsupportedOperationException(name() + " makes no calls");
    }

    /** The same for calls that wait in a queue, and one node that takes them. */
    default Caller queue(Addresses addresses) throws Exception {
        throw new UnsupportedOperationException(name() + " has no queued calls");
    }

    /** Publishes on these topics. */
    default Publisher publisher(Addresses addresses, List<String> topics) throws Exception {
        throw new UnsupportedOperationException(name() + " has no events");
    }

    /** Subscribes to these topics; it stands when this returns, and ends when it is closed. */
    default Closing subscribe(Addresses addresses, List<String> topics, Consumer<Order> handler) throws Exception {
        throw new UnsupportedOperationException(name() + " has no events");
    }

    /** A client of durable events. */
    default DurableClient durable(Addresses addresses) throws Exception {
        throw new UnsupportedOperationException(name() + " keeps no events");
    }
}
