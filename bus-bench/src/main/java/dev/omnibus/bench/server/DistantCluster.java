package dev.omnibus.bench.server;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A cluster at the far end of a link: its masters are as far from each other as from everybody else. */
public final class DistantCluster {

    private static final int CLUSTER_BUS_OFFSET = 10_000;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private DistantCluster() {}

    /** The URLs of the masters. Clients learn of the others from them, so they announce the ports of the link. */
    public static List<String> urls(RedisCluster cluster, Link link) {
        if (link.isDirect()) {
            return cluster.urls();
        }
        List<String> urls = new ArrayList<>();
        for (RedisServer master : cluster.nodes()) {
            int port = link.port(master.port());
            int busPort = link.port(master.port() + CLUSTER_BUS_OFFSET);
            master.command(
                    "CONFIG",
                    "SET",
                    "cluster-announce-port",
                    Integer.toString(port),
                    "cluster-announce-bus-port",
                    Integer.toString(busPort));
            urls.add(master.url().replace(":" + master.port(), ":" + port));
        }
        await(cluster);
        return urls;
    }

    private static void await(RedisCluster cluster) {
        long begun = System.nanoTime();
        while (!cluster.nodes().stream().allMatch(master -> knowsNone(master, cluster))) {
            if (System.nanoTime() - begun > PATIENCE_NANOS) {
                throw new IllegalStateException("The masters of " + cluster + " do not take the ports of the link");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        cluster.awaitReady();
    }

    private static boolean knowsNone(RedisServer master, RedisCluster cluster) {
        String known = String.valueOf(master.command("CLUSTER", "NODES"));
        return cluster.nodes().stream().noneMatch(other -> known.contains(":" + other.port() + "@"));
    }
}
