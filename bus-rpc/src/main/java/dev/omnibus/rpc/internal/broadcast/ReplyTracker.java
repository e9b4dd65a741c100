package dev.omnibus.rpc.internal.broadcast;

import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.Reply;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.Until;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who was asked, how many received it, who has answered and who never will; and what follows from that. Guarded by its
 * ScatterGather.
 */
final class ReplyTracker<T> {

    /** How far the answers have got. */
    enum State {
        /** Somebody who was asked has neither answered nor gone. */
        OPEN,
        /** All names are accounted for, but more nodes received the question. */
        UNNAMED_LEFT,
        /** There is nothing more to wait for. */
        DONE
    }

    private static final long UNKNOWN = -1;

    private final Until<? super T> until;
    private final Set<String> asked = new LinkedHashSet<>();
    private final Set<String> askedLate = new LinkedHashSet<>(); // of these; perhaps not among the receivers
    private final Set<String> silent = new LinkedHashSet<>(); // of those that were asked
    private final Map<String, Reply<T>> replies = new LinkedHashMap<>();
    private final Map<String, Reason> missing = new LinkedHashMap<>();
    private int repliesOfReceivers; // of those who were not asked late, and so received the question itself
    private long receivers = UNKNOWN;
    private boolean exact;
    private boolean counted;
    private int valuesThatCount;

    ReplyTracker(Until<? super T> until) {
        this.until = until;
    }

    void ask(String node) {
        asked.add(node);
        silent.add(node);
    }

    /**
     * Adds a node that may be one of the receivers without a name, or may have come after the question. Returns false
     * if it was asked, or has answered.
     */
    boolean askLate(String node) {
        if (asked.contains(node) || replies.containsKey(node)) {
            return false;
        }
        askedLate.add(node);
        ask(node);
        return true;
    }

    boolean hasAsked(String node) {
        return asked.contains(node);
    }

    Set<String> asked() {
        return Set.copyOf(asked);
    }

    /** The transport has said how many received the question. */
    void counted(long count, boolean isExact) {
        receivers = count;
        exact = isExact;
        counted = true;
    }

    /** Nobody can say how many received it: the names decide alone. */
    void uncounted() {
        receivers = UNKNOWN;
        exact = false;
        counted = true;
    }

    /** False if the node has answered before. */
    boolean add(Reply<T> reply, boolean counts) {
        if (replies.putIfAbsent(reply.node(), reply) != null) {
            return false;
        }
        repliesOfReceivers += askedLate.contains(reply.node()) ? 0 : 1;
        silent.remove(reply.node());
        missing.remove(reply.node()); // thought lost, and yet here
        valuesThatCount += counts ? 1 : 0;
        return true;
    }

    /** A node is gone. False if nobody waits for it. */
    boolean lose(String node) {
        boolean awaited = silent.remove(node);
        if (awaited) {
            missing.put(node, Reason.NODE_LOST);
        }
        return awaited;
    }

    /** Returns the nodes that were asked and of which nothing is known. */
    List<String> silent() {
        return List.copyOf(silent);
    }

    State state() {
        if (isMet()) {
            return State.DONE;
        }
        if (!counted) {
            return State.OPEN;
        }
        if (receivers != UNKNOWN && repliesOfReceivers >= receivers) {
            return State.DONE;
        }
        if (asManyAsReceivedIt()) {
            return State.UNNAMED_LEFT; // one of those asked late may stand for somebody who is still silent
        }
        if (!silent.isEmpty()) {
            return State.OPEN;
        }
        return unnamed() == 0 ? State.DONE : State.UNNAMED_LEFT;
    }

    private boolean asManyAsReceivedIt() {
        return receivers != UNKNOWN && replies.size() >= receivers;
    }

    /**
     * How many more received it than have a name. A node that was asked late and has answered may have come after the
     * question, while another one is still silent; so it accounts for none of them.
     */
    long unnamed() {
        return unnamed(repliesOfReceivers);
    }

    private long unnamed(int answers) {
        return exact ? Math.max(0, receivers - answers - missing.size() - silent.size()) : 0;
    }

    private boolean isMet() {
        return until.isMet(valuesThatCount, counted ? Math.max(receivers, asked.size() - askedLate.size()) : UNKNOWN);
    }

    Replies<T> end(String method, Reason reasonForTheRest, Duration elapsed) {
        int unnamed = (int) unnamed(replies.size()); // who has not been heard of until now was one of those asked late
        boolean met = isMet();
        if (asManyAsReceivedIt()) { // so the others were not among them
            silent.removeAll(askedLate);
            missing.keySet().removeAll(askedLate);
        }
        silent.forEach(node -> missing.put(node, met ? Reason.CANCELLED : reasonForTheRest));
        boolean allWell =
                missing.isEmpty() && unnamed == 0 && replies.values().stream().allMatch(Reply::isValue);
        return new Replies<>(
                method, List.copyOf(replies.values()), missing, unnamed, until.wantsAll() ? allWell : met, elapsed);
    }
}
