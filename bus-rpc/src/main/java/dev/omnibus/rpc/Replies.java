package dev.omnibus.rpc;

import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The replies to a broadcast: for each node a value, a fault, or the reason why there is neither.
 *
 * <p>The nodes that were asked are those that received the question; a node that joined later was not asked. Immutable.
 *
 * @param <T> what the method gives
 */
public final class Replies<T> {

    private final String method;
    private final List<Reply<T>> replies;
    private final Map<String, Reason> missing;
    private final int missingUnnamed;
    private final boolean satisfied;
    private final Duration elapsed;

    /**
     * What came of a question, also for tests of programs that ask.
     *
     * @param method the method
     * @param replies what was answered
     * @param missing which nodes have not answered, and why
     * @param missingUnnamed how many more have not, of which nothing but that is known
     * @param satisfied whether the rule was met
     * @param elapsed how long it took
     */
    public Replies(
            String method,
            List<Reply<T>> replies,
            Map<String, Reason> missing,
            int missingUnnamed,
            boolean satisfied,
            Duration elapsed) {
        this.method = method;
        this.replies = List.copyOf(replies);
        this.missing = Collections.unmodifiableMap(new LinkedHashMap<>(missing));
        this.missingUnnamed = missingUnnamed;
        this.satisfied = satisfied;
        this.elapsed = elapsed;
    }

    /**
     * The answers, values and faults, in the order in which they came.
     *
     * @return one for each node that answered
     */
    public List<Reply<T>> replies() {
        return replies;
    }

    /**
     * The values, in the order in which they came.
     *
     * @return one for each node that gave one
     */
    public List<T> values() {
        return Collections.unmodifiableList(new ArrayList<>(byNode().values()));
    }

    /**
     * The values by node, in the order in which they came.
     *
     * @return node id to value
     */
    @SuppressWarnings("NullAway") // T may be a type that has null; its values are what the nodes gave
    public Map<String, T> byNode() {
        Map<String, T> byNode = new LinkedHashMap<>();
        for (Reply<T> reply : replies) {
            if (reply.isValue()) {
                byNode.put(reply.node(), reply.value());
            }
        }
        return Collections.unmodifiableMap(byNode);
    }

    /**
     * The nodes that answered that they could not or would not do it.
     *
     * @return node id to what they said; {@link RpcFault} if the service itself said it
     */
    public Map<String, RpcException> faults() {
        Map<String, RpcException> faults = new LinkedHashMap<>();
        for (Reply<T> reply : replies) {
            RpcException fault = reply.fault();
            if (fault != null) {
                faults.put(reply.node(), fault);
            }
        }
        return Collections.unmodifiableMap(faults);
    }

    /**
     * The nodes that did not answer, and why: {@code TIMEOUT}, {@code NODE_LOST} if it left or died meanwhile or has
     * stopped listening, {@code CANCELLED} if the answers were enough without it, {@code CONNECTION_LOST} if this side
     * lost the link, {@code CLOSED} if it was closed.
     *
     * @return node id to reason
     */
    public Map<String, Reason> missing() {
        return missing;
    }

    /**
     * How many more received the question without answering, whose names are unknown, too: nodes that died before they
     * were announced, or somebody else who is subscribed to the very channel.
     *
     * @return 0, as a rule
     */
    public int missingUnnamed() {
        return missingUnnamed;
    }

    /**
     * Whether everybody who was asked has answered, be it with a fault.
     *
     * @return true if nobody is missing
     */
    public boolean isComplete() {
        return missing.isEmpty() && missingUnnamed == 0;
    }

    /**
     * Whether the question was answered as it was to be: until the rule was met that it was asked with. For the rule
     * that holds when nothing is said, that is a value from everybody who was asked.
     *
     * @return true if it was
     */
    public boolean isSatisfied() {
        return satisfied;
    }

    /**
     * The values, for those who can do nothing with less than what they asked for.
     *
     * @return the values, in the order in which they came
     * @throws RpcException if {@link #isSatisfied()} is false: with the reason of the first fault or else of the first
     *     node that is missing, and a message that names them all
     */
    public List<T> orThrow() {
        if (satisfied) {
            return values();
        }
        Map<String, RpcException> faults = faults();
        Reason reason = failure().orElse(Reason.NODE_LOST);
        String message = "Broadcast " + this
                + (faults.isEmpty()
                        ? ""
                        : "; " + faults.values().iterator().next().getMessage());
        RpcException first =
                faults.isEmpty() ? null : faults.values().iterator().next();
        throw new RpcException(reason, false, method, "", elapsed, message, first);
    }

    /**
     * Why the question was not answered as it was to be.
     *
     * @return the reason; empty if it was
     */
    public Optional<Reason> failure() {
        if (satisfied) {
            return Optional.empty();
        }
        return faults().values().stream()
                .map(RpcException::reason)
                .findFirst()
                .or(() -> missing.values().stream().findFirst())
                .or(() -> Optional.of(Reason.NODE_LOST));
    }

    /**
     * How long it took.
     *
     * @return from the question to the last answer, or to the end of waiting for it
     */
    public Duration elapsed() {
        return elapsed;
    }

    /** A summary for logs, without the values. */
    @Override
    public String toString() {
        Set<String> faults = faults().keySet();
        return method + ": " + (replies.size() - faults.size()) + " values, " + faults.size() + " faults " + faults
                + ", " + (missing.size() + missingUnnamed) + " missing " + missing + " in " + elapsed.toMillis()
                + " ms";
    }
}
