package dev.omnibus.rpc.internal.client;

import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Which of the nodes that serve a method gets a call. */
public final class LoadBalancer {

    private LoadBalancer() {}

    /**
     * Chooses a node.
     *
     * @param gone nodes that were found not to be there
     * @param avoid a node that has just failed, to be taken only if there is no other; empty if there is none
     * @return null if none is left
     */
    public static @Nullable Node choose(List<Node> serving, CallSettings options, Set<String> gone, String avoid) {
        List<Node> left = gone.isEmpty()
                ? serving
                : serving.stream().filter(node -> !gone.contains(node.id())).toList();
        if (!options.node().isEmpty()) {
            return named(left, options.node());
        }
        if (!options.stickyKey().isEmpty()) {
            return sticky(left, options.stickyKey());
        }
        if (!avoid.isEmpty() && left.size() > 1) {
            left = left.stream().filter(node -> !node.id().equals(avoid)).toList();
        }
        return lessBusy(left);
    }

    private static @Nullable Node named(List<Node> serving, String id) {
        for (Node node : serving) {
            if (node.id().equals(id)) {
                return node;
            }
        }
        return null;
    }

    /** The less busy one of two at random: nearly as good as the least busy one of all, and without a stampede. */
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
     * Rendezvous hashing: every caller gives each node the same number for a key, and the highest one has it. When a
     * node goes, only its keys move.
     */
    private static @Nullable Node sticky(List<Node> serving, String key) {
        Node highest = null;
        long most = 0;
        for (Node node : serving) {
            long weight = weight(node.id(), key);
            if (highest == null || weight > most || (weight == most && node.id().compareTo(highest.id()) > 0)) {
                highest = node;
                most = weight;
            }
        }
        return highest;
    }

    /** The finalizer of MurmurHash3 on both hashes, which are those of the Java language and the same everywhere. */
    private static long weight(String node, String key) {
        long mixed = ((long) node.hashCode() << 32) ^ (key.hashCode() & 0xffff_ffffL);
        mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return mixed ^ (mixed >>> 33);
    }
}
