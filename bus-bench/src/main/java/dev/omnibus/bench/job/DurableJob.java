package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Ability;
import dev.omnibus.bench.peer.DurableClient;
import dev.omnibus.bench.peer.Peer;

/**
 * What durable topics do. Each measurement has a topic that nobody has used, and counts exactly: it fails if an event
 * was lost, doubled or not acknowledged.
 */
interface DurableJob extends Job {

    /** With the publisher's client. */
    Measured measure(DurableClient client, Peer peer, Stage stage) throws Exception;

    @Override
    default boolean suits(Peer peer) {
        return peer.abilities().contains(Ability.DURABLE);
    }

    @Override
    default Measured measure(Peer peer, Stage stage) throws Exception {
        try (DurableClient client = peer.durable(stage.servers().addresses())) {
            client.create();
            try {
                return measure(client, peer, stage);
            } finally {
                client.delete();
            }
        } finally {
            stage.servers().delete(DurableClient.TOPIC);
        }
    }
}
