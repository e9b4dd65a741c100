package dev.omnibus.rpc.internal.directory;

import dev.omnibus.rpc.NodeInfo;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A node as the directory sees it. Guarded by its members, except for the number of calls. */
public final class Node {

    private final AtomicInteger callsInFlight = new AtomicInteger();
    private NodeInfo info;
    private final Map<String, Long> suspected = new HashMap<>(); // methods that nobody received, and since when
    private long missedSince;
    private boolean missed;

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
    boolean says(NodeInfo now) {
        boolean changed = !info.equals(now);
        info = now;
        missed = false;
        suspected.clear();
        return changed;
    }

    void stands() {
        missed = false;
    }

    /** A doubt that is older than the lease of a dead node can be is cleared. True if there was one. */
    boolean forgetsDoubts() {
        long now = System.nanoTime();
        return !missed && suspected.values().removeIf(since -> now - since > LeaseTimes.DOUBT_NANOS);
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

    boolean isMissed() {
        return missed;
    }

    /** Its lease is not there. That may be for a moment: Redis can lose it, and then its node writes it again. */
    void miss() {
        if (!missed) {
            missed = true;
            missedSince = System.nanoTime();
        }
    }

    /** Nobody could read the leases meanwhile, nor write one: the time that it was missing does not count. */
    void missAnew() {
        missedSince = System.nanoTime();
    }

    /** Whether its lease is gone for so long that it would have been written again. */
    boolean isLost() {
        return missed && System.nanoTime() - missedSince >= LeaseTimes.SECOND_LOOK.toNanos();
    }
}
