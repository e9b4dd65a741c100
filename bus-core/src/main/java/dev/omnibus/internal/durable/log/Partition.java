package dev.omnibus.internal.durable.log;

import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.Partitions;
import dev.omnibus.durable.Retention;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Which part of a durable topic a log has: all of it, or one of its partitions. Each has its share of what the topic
 * may hold, and of what a group may read ahead.
 *
 * @param number from 0
 * @param count how many partitions the topic has; 0 if it has none
 */
public record Partition(int number, int count) {

    public static final Partition WHOLE = new Partition(0, 0);

    public boolean isWhole() {
        return count == 0;
    }

    /** The publisher of its events in this process: each numbers them on its own. */
    public String publisher() {
        return isWhole() ? "durable" : "durable/" + number;
    }

    public Retention share(Retention all) {
        return isWhole() ? all : all.withMaxEntries(share(all.maxEntries())).withMaxBytes(share(all.maxBytes()));
    }

    public GroupOptions share(GroupOptions all) {
        if (isWhole()) {
            return all;
        }
        GroupOptions share = all.withWindow((int) share(all.windowEvents()), share(all.windowBytes()));
        return all.singleActive()
                ? share.withOrderingKey(event -> event.headers().getOrDefault(Partitions.KEY, ""))
                : share;
    }

    private long share(long all) {
        return (all - 1) / count + 1;
    }

    /**
     * Returns the node of a group that is to be the active one: by rendezvous hashing, with equal shares. Whoever
     * computes it for the same nodes comes to the same result, and where a node comes or goes, few partitions move.
     */
    public String owner(Collection<String> nodes) {
        Map<String, Integer> shares = new HashMap<>();
        int each = count / nodes.size();
        int more = count % nodes.size(); // so many nodes have one more
        for (int partition = 0; ; partition++) {
            String owner = "";
            long highest = 0;
            for (String node : nodes) {
                int has = shares.getOrDefault(node, 0);
                long weight = weight(node, partition);
                boolean free = has < each || (has == each && more > 0);
                if (free && (owner.isEmpty() || weight > highest || (weight == highest && node.compareTo(owner) < 0))) {
                    owner = node;
                    highest = weight;
                }
            }
            if (partition == number) {
                return owner;
            }
            more -= shares.merge(owner, 1, Integer::sum) > each ? 1 : 0;
        }
    }

    /** Mixes both, as the last step of MurmurHash3 does. */
    private static long weight(String node, int partition) {
        long hash = node.hashCode() + ((long) partition << 32);
        hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
        hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return hash ^ (hash >>> 33);
    }
}
