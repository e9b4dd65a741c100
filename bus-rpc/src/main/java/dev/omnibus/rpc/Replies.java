package dev.omnibus.rpc;

import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that became of a broadcast call: per node a value, a fault, or nothing and why.
 *
 * <p>The nodes that were asked are those that received the question; who joined later was not asked. Immutable.
 *
 * @param <T> what the method gives
 */
public final class Replies<T> {

    private final String method;
    private final Map<String, T> byNode;
    private final Map<String, RpcException> faults;
    private final Map<String, Reason> missing;
    private final int missingUnnamed;
    private final Duration elapsed;

    Replies(
            String method,
            Map<String, T> byNode,
            Map<String, RpcException> faults,
            Map<String, Reason> missing,
            int missingUnnamed,
            Duration elapsed) {
        this.method = method;
        this.byNode = Collections.unmodifiableMap(new LinkedHashMap<>(byNode)); // values may be null
        this.faults = Map.copyOf(faults);
        this.missing = Map.copyOf(missing);
        this.missingUnnamed = missingUnnamed;
        this.elapsed = elapsed;
    }

    /**
     * The values, in the order in which they came.
     *
     * @return one for each node that gave one
     */
    public List<T> values() {
        return Collections.unmodifiableList(new ArrayList<>(byNode.values()));
    }

    /**
     * The values by node, in the order in which they came.
     *
     * @return node id to value
     */
    public Map<String, T> byNode() {
        return byNode;
    }

    /**
     * The nodes that answered that they could not or would not do it.
     *
     * @return node id to what they said; {@link RpcFault} if the service itself said it
     */
    public Map<String, RpcException> faults() {
        return faults;
    }

    /**
     * The nodes that did not answer, and why: {@code TIMEOUT}, {@code NODE_LOST} if it left or died meanwhile or has
     * stopped listening, {@code CONNECTION_LOST} if this side lost the link, {@code CLOSED} if it was closed.
     *
     * @return node id to reason
     */
    public Map<String, Reason> missing() {
        return missing;
    }

    /**
     * How many more received the question without answering, of whom not even the name is known: they came so shortly
     * before the question that the directory did not have them.
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
        return method + ": " + byNode.size() + " values, " + faults.size() + " faults, "
                + (missing.size() + missingUnnamed) + " missing " + missing + " in " + elapsed.toMillis() + " ms";
    }
}
