package dev.omnibus.rpc;

import java.util.concurrent.atomic.AtomicInteger;

/** A node as the directory sees it. Guarded by the directory, except for the number of calls. */
final class Node {

    /** Two looks in quick succession, as calls may cause them, are no more than one. */
    private static final long NEXT_MISS_NANOS =
            Directory.LOOK.multipliedBy(8).dividedBy(10).toNanos();

    private final AtomicInteger callsInFlight = new AtomicInteger();
    private NodeInfo info;
    private boolean draining;
    private boolean suspected;
    private long suspectedAt;
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
        return !draining && !suspected && info.serves(method);
    }

    /**
     * It has been seen again; true if that changes who serves what. A word of its own clears every doubt; a lease does
     * so only if it still stands when that of a dead node would have ended.
     */
    boolean seen(NodeInfo now, boolean byItself) {
        boolean trusted = byItself || (suspected && System.nanoTime() - suspectedAt > Directory.DOUBT_NANOS);
        boolean changed = !now.equals(info) || (trusted && (suspected || draining));
        info = now;
        missed = false;
        suspected &= !trusted;
        draining &= !byItself;
        return changed;
    }

    void drain() {
        draining = true;
    }

    void suspect() {
        suspected = true;
        suspectedAt = System.nanoTime();
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
