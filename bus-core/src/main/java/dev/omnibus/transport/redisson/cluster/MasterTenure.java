package dev.omnibus.transport.redisson.cluster;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.client.RedisClient;
import org.redisson.command.CommandAsyncExecutor;
import org.redisson.connection.MasterSlaveEntry;

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

    private record Reign(RedisClient master, long since) {}

    private final CommandAsyncExecutor commands;
    private final Map<MasterSlaveEntry, Reign> reigns = new ConcurrentHashMap<>();
    private volatile long looked = System.nanoTime();

    /** A client that takes the place of another one may have been made because a master was lost. */
    public MasterTenure(RedissonClient client, boolean inPlaceOfAnother) {
        commands = ((Redisson) client).getCommandExecutor();
        long since = inPlaceOfAnother ? System.nanoTime() : System.nanoTime() - UNSETTLED.toNanos();
        commands.getConnectionManager()
                .getEntrySet()
                .forEach(server -> reigns.put(server, new Reign(server.getClient(), since)));
    }

    /** To be called with every publication; often enough to know when a master has begun. */
    public void look() {
        long now = System.nanoTime();
        if (now - looked > LOOK.toNanos()) {
            looked = now;
            Collection<MasterSlaveEntry> servers =
                    commands.getConnectionManager().getEntrySet();
            reigns.keySet().retainAll(servers);
            servers.forEach(this::reign);
        }
    }

    /** Whether the master of a channel has begun a short while ago, or is not known. */
    public boolean hasNewMaster(String channel) {
        MasterSlaveEntry now = commands.getConnectionManager().getEntry(channel);
        return now == null || System.nanoTime() - reign(now).since < UNSETTLED.toNanos();
    }

    /** Whether it is a master now, and no Sentinel, and no server that is only asked what the cluster looks like. */
    public boolean isMaster(RedisClient server) {
        return commands.getConnectionManager().getEntrySet().stream().anyMatch(entry -> entry.getClient() == server);
    }

    private Reign reign(MasterSlaveEntry server) {
        return reigns.compute(server, (same, before) -> {
            RedisClient master = server.getClient();
            return before != null && before.master == master ? before : new Reign(master, System.nanoTime());
        });
    }
}
