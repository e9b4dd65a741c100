package dev.omnibus.rpc.internal.directory;

import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.rpc.NodeInfo;
import java.time.Duration;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.RandomAccess;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A table of the live nodes: those that have a lease. Its listener gets the id of each node that joins, leaves or
 * changes, in order and under the lock: so it must only take note of it. Thread-safe.
 *
 * <p>Calls read it without a lock: nodes by their id, and for each method that is called a snapshot of those that serve
 * it. A snapshot is immutable, made by the first call that needs it, and dropped when one of its nodes changes.
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
    public static final long DOUBT_NANOS =
            Presence.LEASE.plus(NodeDirectory.POLL_INTERVAL.multipliedBy(2)).toNanos();

    private static final String RESERVED = Presence.RESERVED + ".";

    private final Consumer<String> onChange;
    private final Map<String, Node> nodes = new ConcurrentHashMap<>(); // written under the lock
    private final Map<String, Serving> byMethod = new ConcurrentHashMap<>(); // likewise
    private final Map<String, Long> left =
            new LinkedHashMap<>(); // when, of the nodes that were listed; guarded by this, like all below
    private long bytes;
    private boolean crowded; // a node found no room
    private boolean roomAgain;

    public NodeTable(Consumer<String> onChange) {
        this.onChange = onChange;
    }

    public synchronized List<NodeInfo> all() {
        return nodes.values().stream().map(Node::info).toList();
    }

    public @Nullable NodeInfo info(String id) {
        Node node = nodes.get(id);
        return node == null ? null : node.info();
    }

    /** A snapshot of the nodes that serve a method and are not about to leave. */
    public Serving serving(String method) {
        Serving known = byMethod.get(method);
        return known != null ? known : select(method);
    }

    /** A node, if it is one of those. One that is about to leave still says how it does. */
    public @Nullable Node serving(String method, String id) {
        Node node = nodes.get(id);
        return node != null && (node.serves(method) || node.reserves(method)) ? node : null;
    }

    private synchronized Serving select(String method) {
        int dot = method.lastIndexOf('.');
        String service = method.substring(0, Math.max(0, dot)); // here and not for each of the nodes
        String name = method.substring(dot + 1);
        Serving serving = new Serving(nodes.values().stream()
                .filter(node -> node.takes(method) && node.has(service, name))
                .toList());
        if (!serving.isEmpty()) { // else any name would be kept
            byMethod.put(method, serving);
        }
        return serving;
    }

    public boolean lists(String id) {
        return nodes.containsKey(id);
    }

    /** Whether a node is listed, or was until a moment ago. */
    public boolean knows(String id) {
        return lists(id) || hasLeft(id);
    }

    private synchronized boolean hasLeft(String id) {
        return left.containsKey(id) || nodes.containsKey(id); // it may have come back meanwhile
    }

    public synchronized void suspect(Node node, String method) {
        node.suspect(method);
        byMethod.remove(method);
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
            drop(node.info());
        }
    }

    /** Drops the snapshots of the methods that a node serves. */
    private void drop(NodeInfo info) {
        byMethod.keySet().removeIf(info::serves);
    }

    /**
     * The lease of a node is back, or was noted as changed, with the manifest that is known. False if it is another.
     */
    public synchronized boolean takeAgain(String id, byte[] manifest) {
        Node node = nodes.get(id);
        if (node == null || !Arrays.equals(node.manifest, manifest)) {
            return false;
        }
        boolean unused = node.update(node.info(), manifest);
        drop(node.info()); // because a doubt may be cleared
        return true;
    }

    /** Takes the manifest in a lease. False if there is no room for it; those that are listed are never displaced. */
    public synchronized boolean take(NodeInfo info, byte[] manifest) {
        String id = info.node();
        Node node = nodes.get(id);
        long grown = bytes + Manifests.weight(info) + manifest.length - (node == null ? 0 : node.weight());
        if ((node == null && nodes.size() >= MAX_NODES) || grown > MAX_BYTES) {
            crowded = true;
            return false;
        }
        bytes = grown;
        left.remove(id);
        boolean changed = true;
        if (node == null) {
            nodes.put(id, new Node(info, manifest));
        } else {
            NodeInfo before = node.info();
            changed = node.update(info, manifest);
            drop(before);
        }
        drop(info); // also where nothing has changed, because a doubt may be cleared
        if (changed) {
            onChange.accept(id);
        }
        return true;
    }

    public int size() {
        return nodes.size();
    }

    /** Marks as missing all nodes but these. */
    public synchronized void retainOnly(Set<String> ids) {
        for (Node node : nodes.values()) {
            if (!ids.contains(node.id())) {
                node.markMissing(Duration.ZERO);
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

    /** A lease is missing, and has been for so long. */
    public synchronized void markMissing(String id, Duration since) {
        Node node = nodes.get(id);
        if (node != null) {
            node.markMissing(since);
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
                drop(node.info());
            }
        }
        lost.forEach(this::remove);
        return lost;
    }

    private void remove(String id) {
        Node node = nodes.remove(id);
        if (node != null) {
            bytes -= node.weight();
            roomAgain |= crowded;
            left.put(id, System.nanoTime());
            if (left.size() > MAX_NODES) {
                left.remove(left.keySet().iterator().next());
            }
            drop(node.info());
            onChange.accept(id);
        }
    }

    /** Whether there is room again for a node that found none; true once. */
    public synchronized boolean hasRoomAgain() {
        boolean room = roomAgain;
        crowded &= !room;
        roomAgain = false;
        return room;
    }

    /** When the first of the listed nodes is lost that had no lease at the last read; empty if all of them had one. */
    public synchronized Optional<Duration> firstLostAfter() {
        return nodes.values().stream()
                .filter(Node::isMissing)
                .map(Node::lostAfter)
                .min(Comparator.naturalOrder());
    }

    /** An immutable snapshot of nodes, with the hash codes of their ids in a row. */
    public static final class Serving extends AbstractList<Node> implements RandomAccess {

        private final Node[] nodes;
        private final int[] hashes;

        public Serving(List<Node> nodes) {
            this.nodes = nodes.toArray(Node[]::new);
            this.hashes = nodes.stream().mapToInt(node -> node.id().hashCode()).toArray();
        }

        @Override
        public Node get(int index) {
            return nodes[index];
        }

        @Override
        public int size() {
            return nodes.length;
        }

        /** The hash code of a node's id. */
        public int hash(int index) {
            return hashes[index];
        }
    }

    /** An entry of the table. Written under the lock of the table, except for the number of calls. */
    public static final class Node {

        private final String id;
        private final AtomicInteger callsInFlight = new AtomicInteger();
        private final Map<String, String> channels = new ConcurrentHashMap<>(0); // by method
        private final Map<String, Long> suspected =
                new ConcurrentHashMap<>(0); // methods whose requests had no receiver, and since when
        private volatile NodeInfo info;
        private byte[] manifest; // as it was read; guarded by the table, like all below
        private long missingSince;
        private boolean missing;

        public Node(NodeInfo info, byte[] manifest) {
            this.id = info.node();
            this.info = info;
            this.manifest = manifest;
        }

        public String id() {
            return id;
        }

        NodeInfo info() {
            return info;
        }

        /** The number of calls of this process that this node has not answered. */
        public AtomicInteger callsInFlight() {
            return callsInFlight;
        }

        /** The channel of a method here: a name is found faster when it is not made again. */
        public String channel(String method, ChannelNames names) {
            String known = channels.get(method);
            return known != null ? known : channels.computeIfAbsent(method, any -> names.method(any, id));
        }

        public boolean serves(String method) {
            return takes(method) && info.serves(method);
        }

        /** Whether nothing speaks against a call of the method, should it have it. */
        private boolean takes(String method) {
            return !info.draining() && !suspected.containsKey(method);
        }

        boolean reserves(String method) {
            return method.startsWith(RESERVED) && info.serves(method) && !suspected.containsKey(method);
        }

        private boolean has(String service, String name) {
            Map<String, String> methods = info.services().get(service);
            return methods != null && methods.containsKey(name);
        }

        private long weight() {
            return Manifests.weight(info) + manifest.length;
        }

        /** Takes its manifest, which clears every doubt. True if that has changed. */
        boolean update(NodeInfo now, byte[] asRead) {
            boolean changed = !info.equals(now);
            info = now;
            manifest = asRead;
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
        void markMissing(Duration since) {
            if (!missing) {
                missing = true;
                missingSince = System.nanoTime() - since.toNanos();
            }
        }

        /** No process could read or write leases meanwhile: the time that it was missing does not count. */
        void restartMissing() {
            missingSince = System.nanoTime();
        }

        /** Whether its lease has been missing for so long that a live node would have written it again. */
        boolean isLost() {
            return missing && lostAfter().toNanos() <= 0;
        }

        /** How long a live node would have from now on to write its lease again; not positive if it is over. */
        private Duration lostAfter() {
            return CONFIRM_AFTER.minusNanos(System.nanoTime() - missingSince);
        }
    }
}
