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
 * A table of the nodes that are there: of those whose lease stands. Whoever follows is told the id of each node that
 * comes, goes or changes, under the lock: in order, and so that he must only take note. Thread-safe.
 */
public final class NodeTable {

    public static final int MAX_NODES = 10_000;

    /** Of all manifests together, in memory. Ten thousand nodes with ten methods each need a third of it. */
    public static final long MAX_BYTES = 64L * 1024 * 1024;

    /** After so long a lease that is missing is not written again: a live node that Redis lost it of has done so. */
    public static final Duration CONFIRM_AFTER = Duration.ofMillis(1_400);

    /** For so long the lease of a node that is gone may still be seen. */
    public static final long DOUBT_NANOS = LeasePublisher.LEASE
            .plus(NodeDirectory.POLL_INTERVAL.multipliedBy(2))
            .toNanos();

    private final Consumer<String> onChange;
    private final Map<String, Node> nodes = new HashMap<>(); // guarded by this, like all below
    private final Map<String, List<Node>> byMethod = new HashMap<>();
    private final Map<String, Long> left = new LinkedHashMap<>(); // when, of those that were here
    private long bytes;
    private boolean crowded; // somebody found no room
    private boolean roomAgain;

    public NodeTable(Consumer<String> follower) {
        this.onChange = follower;
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
        if (!serving.isEmpty()) { // else any name that is asked for would stay here
            byMethod.put(method, serving);
        }
        return serving;
    }

    public synchronized boolean lists(String id) {
        return nodes.containsKey(id);
    }

    /** Whether a node is there, or was until a moment ago. */
    public synchronized boolean knows(String id) {
        return nodes.containsKey(id) || left.containsKey(id);
    }

    public synchronized void suspect(Node node, String method) {
        node.suspect(method);
        byMethod.clear();
    }

    /** Forgets every doubt: what clears one may not have been heard here. */
    public synchronized void trust() {
        nodes.keySet().forEach(this::trust);
        unreadable();
    }

    /** The leases could not be read. Redis may be away, and then their owners cannot write them either. */
    public synchronized void unreadable() {
        nodes.values().forEach(Node::restartMissing);
    }

    /** A node has spoken. */
    public synchronized void trust(String id) {
        Node node = nodes.get(id);
        if (node != null && node.trust()) {
            byMethod.clear();
        }
    }

    /** Takes in what a lease says. False if there is no room for it; what is there already does not make any. */
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

    /** These leases stand, and no others. */
    public synchronized void retainOnly(Set<String> ids) {
        for (Node node : nodes.values()) {
            if (!ids.contains(node.id())) {
                node.markMissing();
            }
        }
    }

    /** A lease stands, whatever it says. */
    public synchronized void markPresent(String id) {
        Node node = nodes.get(id);
        if (node != null) {
            node.markPresent();
        }
    }

    /** A lease does not stand. */
    public synchronized void markMissing(String id) {
        Node node = nodes.get(id);
        if (node != null) {
            node.markMissing();
        }
    }

    /** It has said good-bye. Believed if its lease is gone as well: whoever may publish can say it of others. */
    public synchronized boolean leaves(String id) {
        Node node = nodes.get(id);
        boolean gone = node != null && node.isMissing();
        if (gone) {
            remove(id);
        }
        return gone;
    }

    /** The leases have just been read. Whoever is missing for long enough is taken out and returned. */
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

    /** Whether there is room for somebody who found none. Tells so once. */
    public synchronized boolean hasRoomAgain() {
        boolean room = roomAgain;
        crowded &= !room;
        roomAgain = false;
        return room;
    }

    /** Whether somebody was missing when the leases were read, and may yet be there. */
    public synchronized boolean anyMissing() {
        return nodes.values().stream().anyMatch(Node::isMissing);
    }

    private void changed(String id) {
        byMethod.clear();
        onChange.accept(id);
    }

    /** A node as the directory sees it. Guarded by the table, except for the number of calls. */
    public static final class Node {

        private final AtomicInteger callsInFlight = new AtomicInteger();
        private NodeInfo info;
        private final Map<String, Long> suspected = new HashMap<>(); // methods that nobody received, and since when
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

        /** The calls of this process that this node has not answered. */
        public AtomicInteger callsInFlight() {
            return callsInFlight;
        }

        public boolean serves(String method) {
            return !info.draining() && !suspected.containsKey(method) && info.serves(method);
        }

        /** Its lease says something new, which clears every doubt. True if the node is another than before. */
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

        /** A doubt that is older than the lease of a dead node can be is cleared. True if there was one. */
        boolean clearOldDoubts() {
            long now = System.nanoTime();
            return !missing && suspected.values().removeIf(since -> now - since > DOUBT_NANOS);
        }

        /** Only this method: the node may just have stopped to serve it, and go on with others. */
        public void suspect(String method) {
            suspected.put(method, System.nanoTime());
        }

        /** True if there was a doubt. */
        boolean trust() {
            boolean doubted = !suspected.isEmpty();
            suspected.clear();
            return doubted;
        }

        boolean isMissing() {
            return missing;
        }

        /** Its lease is not there. That may be for a moment: Redis can lose it, and then its node writes it again. */
        void markMissing() {
            if (!missing) {
                missing = true;
                missingSince = System.nanoTime();
            }
        }

        /** Nobody could read the leases meanwhile, nor write one: the time that it was missing does not count. */
        void restartMissing() {
            missingSince = System.nanoTime();
        }

        /** Whether its lease is gone for so long that it would have been written again. */
        boolean isLost() {
            return missing && System.nanoTime() - missingSince >= CONFIRM_AFTER.toNanos();
        }
    }
}
