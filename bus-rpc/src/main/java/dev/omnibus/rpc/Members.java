package dev.omnibus.rpc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The nodes that are there, as far as is known: what they say themselves, and what their leases say, put together.
 * Whoever follows is told the id of each node that comes, goes or changes, under the lock: in order, and so that he
 * must only take note. Thread-safe.
 */
final class Members {

    static final int MOST = 10_000;

    private final Consumer<String> follower;
    private final Map<String, Node> nodes = new HashMap<>(); // guarded by this, like all below
    private final Map<String, List<Node>> byMethod = new HashMap<>();
    private final Map<String, Long> left = new HashMap<>(); // when; a lease read before that says nothing
    private Set<String> standing = Set.of(); // the leases, when they were read last
    private boolean unread; // a lease was not taken in because its node had left, and yet it has gone on

    Members(Consumer<String> follower) {
        this.follower = follower;
    }

    synchronized List<NodeInfo> all() {
        return nodes.values().stream().map(Node::info).toList();
    }

    synchronized @Nullable NodeInfo info(String id) {
        Node node = nodes.get(id);
        return node == null ? null : node.info();
    }

    synchronized List<Node> serving(String method) {
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

    synchronized boolean lists(String id) {
        return nodes.containsKey(id);
    }

    /** Whether a node is there, or was until a moment ago. */
    synchronized boolean knows(String id) {
        return nodes.containsKey(id) || left.containsKey(id);
    }

    synchronized void suspect(Node node, String method) {
        node.suspect(method);
        byMethod.clear();
    }

    /** Forgets every doubt: what clears one may not have been heard here. */
    synchronized void trust() {
        for (Node node : nodes.values()) {
            if (node.trust()) {
                byMethod.clear();
            }
        }
    }

    /** Takes in a manifest. False if there is no room for one more node. */
    synchronized boolean says(NodeInfo info, boolean byItself) {
        String id = info.node();
        if (byItself) {
            left.remove(id);
        } else if (left.containsKey(id)) {
            return true; // its last lease, read or written too late
        }
        Node node = nodes.get(id);
        if (node == null && nodes.size() >= MOST) {
            return false;
        }
        if (node == null) {
            nodes.put(id, new Node(info));
            changed(id);
        } else if (node.says(info, byItself)) {
            changed(id);
        } else if (byItself) {
            byMethod.clear(); // a doubt may be cleared
        }
        return true;
    }

    synchronized void drains(NodeInfo info) {
        Node node = nodes.get(info.node());
        if (node != null && node.drain(info)) {
            changed(info.node());
        }
    }

    /** It has said good-bye. False if that is of no interest. */
    synchronized boolean leaves(String id) {
        boolean known = nodes.remove(id) != null;
        if (!known && left.size() >= MOST) {
            return false; // more good-byes than there can be nodes
        }
        left.put(id, System.nanoTime());
        if (known) {
            changed(id);
        }
        return known;
    }

    /**
     * The leases have been read; or nothing has changed since they were, if null. Whoever is missing for the second
     * time is taken out and returned.
     */
    synchronized List<String> stand(@Nullable Set<String> leases) {
        if (leases != null) {
            standing = leases;
        }
        left.entrySet().removeIf(gone -> {
            boolean longAgo = System.nanoTime() - gone.getValue() > LeaseTimes.DOUBT_NANOS;
            unread |= longAgo && standing.contains(gone.getKey()) && !nodes.containsKey(gone.getKey());
            return longAgo;
        });
        List<String> lost = new ArrayList<>();
        for (Node node : nodes.values()) {
            if (standing.contains(node.id())) {
                if (node.stands()) {
                    byMethod.clear();
                }
            } else if (node.missed()) {
                lost.add(node.id());
            }
        }
        nodes.keySet().removeAll(lost);
        lost.forEach(this::changed);
        return lost;
    }

    /** Whether its lease stood when the leases were read last. */
    synchronized boolean stands(String id) {
        return standing.contains(id);
    }

    /** Whether somebody who was taken to have left is there all the same. Tells so once. */
    synchronized boolean someUnread() {
        boolean some = unread;
        unread = false;
        return some;
    }

    /** Whether somebody was missing when the leases were looked at, and may yet be there. */
    synchronized boolean someMissing() {
        return nodes.values().stream().anyMatch(Node::isMissed);
    }

    private void changed(String id) {
        byMethod.clear();
        follower.accept(id);
    }
}
