package dev.omnibus.bench.peer;

import java.util.List;
import java.util.stream.Stream;

/** All that can be compared. */
public final class Peers {

    /** On a cluster, to be compared with itself on one Redis; only where there is one. */
    public static final Peer ON_CLUSTER = new OmnibusPeer(true);

    /** Omnibus first. */
    public static final List<Peer> ALL = List.of(
            new OmnibusPeer(false),
            new NatsPeer(),
            new RemoteServicePeer(),
            new TopicPeer(false),
            new TopicPeer(true),
            new GrpcPeer(false),
            new GrpcPeer(true),
            new JetStreamPeer(true),
            new JetStreamPeer(false),
            new StreamPeer(),
            new ReliableTopicPeer());

    private Peers() {}

    public static Peer named(String name) {
        return Stream.concat(ALL.stream(), Stream.of(ON_CLUSTER))
                .filter(peer -> peer.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no peer \"" + name + "\"; there are "
                        + ALL.stream().map(Peer::name).toList()));
    }
}
