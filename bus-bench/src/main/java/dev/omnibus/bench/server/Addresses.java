package dev.omnibus.bench.server;

import java.util.List;

/**
 * Where the servers are, as peers see them.
 *
 * @param redis the URL of the one
 * @param cluster the URLs of the masters of the cluster; empty if there is none
 * @param nats the URL of nats-server; empty if there is none
 * @param link the way to servers that a peer starts
 */
public record Addresses(String redis, List<String> cluster, String nats, Link link) {

    /** For another process, which starts no servers. */
    public String words() {
        return redis + " " + String.join(",", cluster) + " " + nats;
    }

    public static Addresses of(List<String> words) {
        return new Addresses(words.get(0), List.of(words.get(1).split(",", -1)), words.get(2), Link.DIRECT);
    }
}
