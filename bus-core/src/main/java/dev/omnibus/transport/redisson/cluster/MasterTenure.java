package dev.omnibus.transport.redisson.cluster;

import dev.omnibus.transport.redisson.connection.RedissonInternals.Masters;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.redisson.client.RedisClient;

/**
 * Knows since when a master is one.
 *
 * <p>When a replica takes over from a master that lives on, behind Sentinels or in a cluster, the subscribers are with
 * the old master still. They hear what a publisher publishes that has followed already, because the new master passes
 * it on, but the new master does not count them. So soon after that a zero is not to be believed: a call would go to a
 * second node. Thread-safe.
 */
public final class MasterTenure {

    /** As long as subscribers need to follow, with room. */
    static final Duration UNSETTLED = Duration.ofSeconds(4);

    private static final Duration LOOK = Duration.ofMillis(500);

    private record Reign(RedisClient server, long since) {}

    private final Masters masters;
    private final Map<Object, Reign> reigns = new ConcurrentHashMap<>();
    private volatile long looked = System.nanoTime();

    /** A client that takes the place of another one may have been made because a master was lost. */
    public MasterTenure(Masters masters, boolean inPlaceOfAnother) {
        this.masters = masters;
        long since = inPlaceOfAnother ? System.nanoTime() : System.nanoTime() - UNSETTLED.toNanos();
        masters.all().forEach(master -> reigns.put(master, new Reign(masters.server(master), since)));
    }

    /** To be called with every publication; often enough to know when a master has begun. */
    public void look() {
        long now = System.nanoTime();
        if (now - looked > LOOK.toNanos()) {
            looked = now;
            Collection<?> known = masters.all();
            reigns.keySet().retainAll(known);
            known.forEach(this::reign);
        }
    }

    /** Whether the master of a channel has begun a short while ago, or is not known. */
    public boolean hasNewMaster(String channel) {
        Object now = masters.of(channel);
        return now == null || System.nanoTime() - reign(now).since < UNSETTLED.toNanos();
    }

    /** Whether it is a master now, and no Sentinel, and no server that is only asked what the cluster looks like. */
    public boolean isMaster(RedisClient server) {
        return masters.all().stream().anyMatch(master -> masters.server(master) == server);
    }

    private Reign reign(Object master) {
        return reigns.compute(master, (same, before) -> {
            RedisClient server = masters.server(master);
            return before != null && before.server == server ? before : new Reign(server, System.nanoTime());
        });
    }
}
