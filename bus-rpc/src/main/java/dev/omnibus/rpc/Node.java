package dev.omnibus.rpc;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A node as the directory sees it. Guarded by its members, except for the number of calls. */
final class Node {

    private final AtomicInteger callsInFlight = new AtomicInteger();
    private NodeInfo info;
    private final Map<String, Long> suspected = new HashMap<>(); // methods that nobody received, and since when
    private long missedSince;
    private boolean missed;

    Node(NodeInfo info) {
        this.info = info;
    }

    String id() {
        return info.node();
    }

    NodeInfo info() {
        return info;
    }

    /** The calls of this process that this node has not answered. */
    AtomicInteger callsInFlight() {
        return callsInFlight;
    }

    boolean serves(String method) {
        return !info.draining() && !suspected.containsKey(method) && info.serves(method);
    }

    /**
     * It has said something. What it said before may arrive later, by the other way, and is not news. News, and a word
     * of its own on presence, clear every doubt.
     *
     * @return whether the node is another than before
     */
    boolean says(NodeInfo now, boolean byItself) {
        if (byItself || now.revision() > info.revision()) {
            suspected.clear();
        }
        missed = false;
        if (now.revision() < info.revision()) {
            return false;
        }
        NodeInfo before = info;
        info = before.draining() && !byItself ? now.whenDraining() : now;
        return !info.equals(before);
    }

    /** Its lease stands; a doubt that is older than the lease of a dead node can be is cleared. */
    boolean stands() {
        missed = false;
        long now = System.nanoTime();
        return suspected.values().removeIf(since -> now - since > LeaseTimes.DOUBT_NANOS);
    }

    /** It has said so. True if it was not draining before; its lease, which says the same, is no news then. */
    boolean drain(NodeInfo now) {
        boolean news = !info.draining();
        info = (now.revision() > info.revision() ? now : info).whenDraining();
        return news;
    }

    /** Only this method: the node may just have stopped to serve it, and go on with others. */
    void suspect(String method) {
        suspected.put(method, System.nanoTime());
    }

    /** True if there was a doubt. */
    boolean trust() {
        boolean doubted = !suspected.isEmpty();
        suspected.clear();
        return doubted;
    }

    boolean isMissed() {
        return missed;
    }

    /** Its lease was not there; true if that was so long enough ago already. Looks in quick succession are one. */
    boolean missed() {
        long now = System.nanoTime();
        if (missed) {
            return now - missedSince >= LeaseTimes.SECOND_LOOK.toNanos();
        }
        missed = true;
        missedSince = now;
        return false;
    }
}
