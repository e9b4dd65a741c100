package dev.omnibus.bench;

import java.util.List;

/** All that can be compared, Omnibus first. */
final class Peers {

    static final List<Peer> ALL = List.of(
            new OmnibusPeer(),
            new NatsPeer(),
            new RemoteServicePeer(),
            new TopicPeer(false),
            new TopicPeer(true),
            new GrpcPeer(false),
            new GrpcPeer(true));

    private Peers() {}

    static Peer named(String name) {
        return ALL.stream()
                .filter(peer -> peer.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no peer \"" + name + "\"; there are "
                        + ALL.stream().map(Peer::name).toList()));
    }
}
