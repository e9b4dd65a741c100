package dev.omnibus.transport.redisson.cluster;

import dev.omnibus.transport.redisson.connection.RedissonInternals.Masters;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.redisson.client.RedisClient;

/**
 * A table of since when each master has been one.
 *
 * <p>When a replica takes over from a master that lives on, behind Sentinels or in a cluster, the subscribers are with
 * the old master still. They receive what is published on the new master, which passes it on, but the new master does
 * not count them. So soon after that a zero is not trusted: a call would go to a second node. Thread-safe.
 */
public final class MasterTenure {

    /** As long as subscribers need to follow, with room. */
    static final Duration UNSETTLED = Duration.ofSeconds(4);

    private static final Duration REFRESH = Duration.ofMillis(500);

    private record Tenure(RedisClient server, long since) {}

    private final Masters masters;
    private final Map<Object, Tenure> tenures = new ConcurrentHashMap<>();
    private volatile long refreshed = System.nanoTime();

    /** A client that takes the place of another one may have been made because a master was lost. */
    public MasterTenure(Masters masters, boolean inPlaceOfAnother) {
        this.masters = masters;
        long since = inPlaceOfAnother ? System.nanoTime() : System.nanoTime() - UNSETTLED.toNanos();
        masters.all().forEach(master -> tenures.put(master, new Tenure(masters.server(master), since)));
    }

    /** To be called with every publication; often enough to know when a master has begun. */
    public void refresh() {
        long now = System.nanoTime();
        if (now - refreshed > REFRESH.toNanos()) {
            refreshed = now;
            Collection<?> known = masters.all();
            tenures.keySet().retainAll(known);
            known.forEach(this::tenure);
        }
    }

    /** Whether the master of a channel has begun a short while ago, or is not known. */
    public boolean hasNewMaster(String channel) {
        Object now = masters.of(channel);
        return now == null || System.nanoTime() - tenure(now).since < UNSETTLED.toNanos();
    }

    /** Whether it is a master now, and no Sentinel, and no server that is only asked what the cluster looks like. */
    public boolean isMaster(RedisClient server) {
        return masters.all().stream().anyMatch(master -> masters.server(master) == server);
    }

    private Tenure tenure(Object master) {
        return tenures.compute(master, (same, before) -> {
            RedisClient server = masters.server(master);
            return before != null && before.server == server ? before : new Tenure(server, System.nanoTime());
        });
    }
}
