package dev.omnibus.rpc.internal.client;

import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import dev.omnibus.rpc.internal.directory.NodeTable.Serving;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** A load balancer: chooses the node of a call that names none among those that serve its method. */
public final class LoadBalancer {

    private LoadBalancer() {}

    /**
     * Chooses a node.
     *
     * @param excluded nodes that cannot have the call
     * @param avoid a node that has just failed, chosen only if it is the only one; empty if there is none
     * @return null if no node is left
     */
    public static @Nullable Node choose(Serving serving, CallSettings options, Set<String> excluded, String avoid) {
        if (!options.affinity().isEmpty()) {
            return sticky(serving, options.affinity(), excluded);
        }
        List<Node> left = excluded.isEmpty()
                ? serving
                : serving.stream().filter(node -> !excluded.contains(node.id())).toList();
        if (!avoid.isEmpty() && left.size() > 1) {
            left = left.stream().filter(node -> !node.id().equals(avoid)).toList();
        }
        return lessBusy(left);
    }

    /**
     * Power of two choices: the less busy one of two at random is nearly as good as the least busy one of all, and
     * there is no stampede.
     */
    private static @Nullable Node lessBusy(List<Node> serving) {
        int size = serving.size();
        if (size < 2) {
            return size == 0 ? null : serving.get(0);
        }
        int first = ThreadLocalRandom.current().nextInt(size);
        int second = first + 1 + ThreadLocalRandom.current().nextInt(size - 1);
        Node one = serving.get(first);
        Node other = serving.get(second < size ? second : second - size);
        return one.callsInFlight().get() <= other.callsInFlight().get() ? one : other;
    }

    /**
     * Rendezvous hashing: every caller computes the same weight of a node for a key, and the highest one wins. When a
     * node goes, only its keys move. It compares all nodes, at some nanoseconds for each.
     */
    private static @Nullable Node sticky(Serving serving, String key, Set<String> excluded) {
        Node highest = null;
        long most = 0;
        int hash = key.hashCode();
        for (int i = 0; i < serving.size(); i++) {
            long weight = weight(serving.hash(i), hash);
            if (highest == null || weight >= most) { // rarely
                Node node = serving.get(i);
                boolean higher = highest == null || weight > most || node.id().compareTo(highest.id()) > 0;
                if (higher && !excluded.contains(node.id())) {
                    highest = node;
                    most = weight;
                }
            }
        }
        return highest;
    }

    /** The finalizer of MurmurHash3 on both hashes, which are those of the Java language and the same everywhere. */
    private static long weight(int node, int key) {
        long mixed = ((long) node << 32) ^ (key & 0xffff_ffffL);
        mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return mixed ^ (mixed >>> 33);
    }
}
