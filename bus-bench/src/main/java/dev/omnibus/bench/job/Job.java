package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Peer;

/** One thing that is measured, in the same way for every peer. */
public interface Job {

    String name();

    /** In words, for the table. */
    String title();

    boolean suits(Peer peer);

    /** What the peers are compared by. */
    Metric metric();

    Measured measure(Peer peer, Stage stage) throws Exception;
}
