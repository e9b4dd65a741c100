package dev.omnibus.rpc;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A node as the directory sees it. Guarded by the directory, except for the number of calls. */
final class Node {

    /** Two looks in quick succession, as calls may cause them, are no more than one. */
    private static final long NEXT_MISS_NANOS =
            Directory.LOOK.multipliedBy(8).dividedBy(10).toNanos();

    private final AtomicInteger callsInFlight = new AtomicInteger();
    private NodeInfo info;
    private boolean draining;
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
        return !draining && !suspected.containsKey(method) && info.serves(method);
    }

    /**
     * It has been seen again; true if that changes who serves what. A word of its own clears every doubt; a lease does
     * so only if it still stands when that of a dead node would have ended.
     */
    boolean seen(NodeInfo now, boolean byItself) {
        long time = System.nanoTime();
        boolean cleared = suspected.values().removeIf(since -> byItself || time - since > Directory.DOUBT_NANOS);
        boolean changed = !now.equals(info) || cleared || (byItself && draining);
        info = now;
        missed = false;
        draining &= !byItself;
        return changed;
    }

    void drain() {
        draining = true;
    }

    /** Only this method: the node may just have stopped to serve it, and go on with others. */
    void suspect(String method) {
        suspected.put(method, System.nanoTime());
    }

    /** Its lease was not there; true if that was so a look ago already. */
    boolean missed() {
        long now = System.nanoTime();
        if (missed) {
            return now - missedSince >= NEXT_MISS_NANOS;
        }
        missed = true;
        missedSince = now;
        return false;
    }
}
