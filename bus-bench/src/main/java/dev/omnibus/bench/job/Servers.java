package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.server.Addresses;
import dev.omnibus.bench.server.DistantCluster;
import dev.omnibus.bench.server.Link;
import dev.omnibus.bench.server.Masters;
import dev.omnibus.bench.server.NatsServer;
import dev.omnibus.bench.server.Work;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A Redis, a cluster of them where it is asked for, and a nats-server where it is installed: what they are, and what
 * they have done so far.
 */
public final class Servers implements AutoCloseable {

    private final RedisServer redis;
    private final @Nullable RedisCluster cluster;
    private final @Nullable NatsServer nats;
    private final boolean natsWanted;
    private final Addresses addresses;

    private Servers(
            RedisServer redis,
            @Nullable RedisCluster cluster,
            @Nullable NatsServer nats,
            boolean natsWanted,
            Addresses addresses) {
        this.redis = redis;
        this.cluster = cluster;
        this.nats = nats;
        this.natsWanted = natsWanted;
        this.addresses = addresses;
    }

    /**
     * Starts what the peers need, at the far end of the link.
     *
     * @param peers those that are measured
     * @param masters how many masters the cluster has; 0 for none
     */
    public static Servers start(Collection<Peer> peers, int masters, Link link)
            throws IOException, InterruptedException {
        boolean natsWanted = peers.stream().anyMatch(Peer::needsNats);
        NatsServer nats = natsWanted ? NatsServer.start().orElse(null) : null;
        RedisServer redis = RedisServer.start();
        RedisCluster cluster = masters == 0 ? null : RedisCluster.start(masters, 0);
        Addresses addresses = new Addresses(
                link.url(redis.url()),
                cluster == null ? List.of() : DistantCluster.urls(cluster, link),
                nats == null ? "" : link.url(nats.url()),
                link);
        return new Servers(redis, cluster, nats, natsWanted, addresses);
    }

    public Addresses addresses() {
        return addresses;
    }

    /** What they are, also what is wanted and not there. */
    public List<String> origins() {
        List<String> origins = new ArrayList<>(List.of(redis.origin()));
        if (cluster != null) {
            origins.add("besides a cluster of " + cluster.nodes().size() + " such masters, without replicas");
        }
        if (natsWanted) {
            origins.add(nats == null ? "nats-server: " + NatsServer.MISSING : nats.origin());
        }
        return origins;
    }

    public boolean hasNats() {
        return nats != null;
    }

    /** What those have done that this peer uses; of Redis and nats-server only one works at a time. */
    public Work work(Peer peer) {
        if (peer.needsCluster()) {
            return new Masters(Optional.ofNullable(cluster).orElseThrow().nodes()).work();
        }
        Work ofRedis = new Masters(List.of(redis)).work();
        List<Double> cpuSeconds = new ArrayList<>(ofRedis.cpuSeconds());
        cpuSeconds.add(nats == null ? 0 : nats.cpuNanos() / 1e9);
        return new Work(cpuSeconds, ofRedis.commands(), 0);
    }

    /** Deletes what has this in its name, on Redis. */
    public void delete(String name) {
        List<RedisServer> all = new ArrayList<>(List.of(redis));
        if (cluster != null) {
            all.addAll(cluster.nodes());
        }
        for (RedisServer server : all) {
            if (server.command("KEYS", "*" + name + "*") instanceof List<?> keys) {
                keys.forEach(key -> server.command("DEL", String.valueOf(key)));
            }
        }
    }

    @Override
    public void close() {
        redis.close();
        if (cluster != null) {
            cluster.close();
        }
        if (nats != null) {
            nats.close();
        }
    }
}
