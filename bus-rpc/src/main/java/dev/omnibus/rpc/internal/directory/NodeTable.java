package dev.omnibus.rpc.internal.directory;

import dev.omnibus.rpc.NodeInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A table of the live nodes: those that have a lease. Its listener gets the id of each node that joins, leaves or
 * changes, in order and under the lock: so it must only take note of it. Thread-safe.
 */
public final class NodeTable {

    public static final int MAX_NODES = 10_000;

    /** The memory for all manifests together. Ten thousand nodes with ten methods each need a third of it. */
    public static final long MAX_BYTES = 64L * 1024 * 1024;

    /**
     * How long a missing lease is waited for. Redis may lose the lease of a live node, which has renewed it by then.
     */
    public static final Duration CONFIRM_AFTER = Duration.ofMillis(1_400);

    /** How long the lease of a node that is gone may still be seen. */
    public static final long DOUBT_NANOS = LeasePublisher.LEASE
            .plus(NodeDirectory.POLL_INTERVAL.multipliedBy(2))
            .toNanos();

    private final Consumer<String> onChange;
    private final Map<String, Node> nodes = new HashMap<>(); // guarded by this, like all below
    private final Map<String, List<Node>> byMethod = new HashMap<>();
    private final Map<String, Long> left = new LinkedHashMap<>(); // when, of the nodes that were listed
    private long bytes;
    private boolean crowded; // a node found no room
    private boolean roomAgain;

    public NodeTable(Consumer<String> onChange) {
        this.onChange = onChange;
    }

    public synchronized List<NodeInfo> all() {
        return nodes.values().stream().map(Node::info).toList();
    }

    public synchronized @Nullable NodeInfo info(String id) {
        Node node = nodes.get(id);
        return node == null ? null : node.info();
    }

    public synchronized List<Node> serving(String method) {
        List<Node> known = byMethod.get(method);
        if (known != null) {
            return known;
        }
        List<Node> serving =
                nodes.values().stream().filter(node -> node.serves(method)).toList();
        if (!serving.isEmpty()) { // else any name would be kept
            byMethod.put(method, serving);
        }
        return serving;
    }

    public synchronized boolean lists(String id) {
        return nodes.containsKey(id);
    }

    /** Whether a node is listed, or was until a moment ago. */
    public synchronized boolean knows(String id) {
        return nodes.containsKey(id) || left.containsKey(id);
    }

    public synchronized void suspect(Node node, String method) {
        node.suspect(method);
        byMethod.clear();
    }

    /** Clears every doubt: what clears one may have been missed. */
    public synchronized void trust() {
        nodes.keySet().forEach(this::trust);
        unreadable();
    }

    /** The leases could not be read. If Redis is down, nodes cannot write them either. */
    public synchronized void unreadable() {
        nodes.values().forEach(Node::restartMissing);
    }

    /** A node has announced itself, which clears the doubts about it. */
    public synchronized void trust(String id) {
        Node node = nodes.get(id);
        if (node != null && node.trust()) {
            byMethod.clear();
        }
    }

    /** Takes the manifest in a lease. False if there is no room for it; those that are listed are never displaced. */
    public synchronized boolean take(NodeInfo info) {
        String id = info.node();
        Node node = nodes.get(id);
        long grown = bytes + Manifests.weight(info) - (node == null ? 0 : Manifests.weight(node.info()));
        if ((node == null && nodes.size() >= MAX_NODES) || grown > MAX_BYTES) {
            crowded = true;
            return false;
        }
        bytes = grown;
        left.remove(id);
        if (node == null) {
            nodes.put(id, new Node(info));
            changed(id);
        } else if (node.update(info)) {
            changed(id);
        } else {
            byMethod.clear(); // a doubt may be cleared
        }
        return true;
    }

    /** Marks as missing all nodes but these. */
    public synchronized void retainOnly(Set<String> ids) {
        for (Node node : nodes.values()) {
            if (!ids.contains(node.id())) {
                node.markMissing();
            }
        }
    }

    /** A lease is present, whatever is in it. */
    public synchronized void markPresent(String id) {
        Node node = nodes.get(id);
        if (node != null) {
            node.markPresent();
        }
    }

    /** A lease is missing. */
    public synchronized void markMissing(String id) {
        Node node = nodes.get(id);
        if (node != null) {
            node.markMissing();
        }
    }

    /**
     * Removes a node that has announced that it left, if its lease is gone as well: any publisher can send that of
     * another node.
     */
    public synchronized boolean leaves(String id) {
        Node node = nodes.get(id);
        boolean gone = node != null && node.isMissing();
        if (gone) {
            remove(id);
        }
        return gone;
    }

    /**
     * Removes and returns the nodes that have been missing for long enough. Called when the leases have just been read.
     */
    public synchronized List<String> removeLost() {
        left.values().removeIf(since -> System.nanoTime() - since > DOUBT_NANOS);
        List<String> lost = new ArrayList<>();
        for (Node node : nodes.values()) {
            if (node.isLost()) {
                lost.add(node.id());
            } else if (node.clearOldDoubts()) {
                byMethod.clear();
            }
        }
        lost.forEach(this::remove);
        return lost;
    }

    private void remove(String id) {
        Node node = nodes.remove(id);
        if (node != null) {
            bytes -= Manifests.weight(node.info());
            roomAgain |= crowded;
            left.put(id, System.nanoTime());
            if (left.size() > MAX_NODES) {
                left.remove(left.keySet().iterator().next());
            }
            changed(id);
        }
    }

    /** Whether there is room again for a node that found none; true once. */
    public synchronized boolean hasRoomAgain() {
        boolean room = roomAgain;
        crowded &= !room;
        roomAgain = false;
        return room;
    }

    /** Whether a listed node had no lease at the last read. */
    public synchronized boolean anyMissing() {
        return nodes.values().stream().anyMatch(Node::isMissing);
    }

    private void changed(String id) {
        byMethod.clear();
        onChange.accept(id);
    }

    /** An entry of the table. Guarded by the table, except for the number of calls. */
    public static final class Node {

        private final AtomicInteger callsInFlight = new AtomicInteger();
        private NodeInfo info;
        private final Map<String, Long> suspected =
                new HashMap<>(); // methods whose requests had no receiver, and since when
        private long missingSince;
        private boolean missing;

        public Node(NodeInfo info) {
            this.info = info;
        }

        public String id() {
            return info.node();
        }

        NodeInfo info() {
            return info;
        }

        /** The number of calls of this process that this node has not answered. */
        public AtomicInteger callsInFlight() {
            return callsInFlight;
        }

        public boolean serves(String method) {
            return !info.draining() && !suspected.containsKey(method) && info.serves(method);
        }

        /** Takes its manifest, which clears every doubt. True if that has changed. */
        boolean update(NodeInfo now) {
            boolean changed = !info.equals(now);
            info = now;
            missing = false;
            suspected.clear();
            return changed;
        }

        void markPresent() {
            missing = false;
        }

        /** Clears doubts that are older than the lease of a dead node can be. True if there was one. */
        boolean clearOldDoubts() {
            long now = System.nanoTime();
            return !missing && suspected.values().removeIf(since -> now - since > DOUBT_NANOS);
        }

        /** Only this method: the node may have stopped serving just this one. */
        public void suspect(String method) {
            suspected.put(method, System.nanoTime());
        }

        /** Clears all doubts. True if there was one. */
        boolean trust() {
            boolean doubted = !suspected.isEmpty();
            suspected.clear();
            return doubted;
        }

        boolean isMissing() {
            return missing;
        }

        /** Its lease is missing. That may be for a moment, as Redis can lose it, and then its node writes it again. */
        void markMissing() {
            if (!missing) {
                missing = true;
                missingSince = System.nanoTime();
            }
        }

        /** No process could read or write leases meanwhile: the time that it was missing does not count. */
        void restartMissing() {
            missingSince = System.nanoTime();
        }

        /** Whether its lease has been missing for so long that a live node would have written it again. */
        boolean isLost() {
            return missing && System.nanoTime() - missingSince >= CONFIRM_AFTER.toNanos();
        }
    }
}
