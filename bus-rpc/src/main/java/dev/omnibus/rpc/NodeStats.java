package dev.omnibus.rpc;

import dev.omnibus.bus.BusState;
import dev.omnibus.bus.BusStats;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A report of a node on what it has done since it came into being: its answer to {@code rpc.stats}. The numbers are
 * taken one after the other while it works. Immutable.
 *
 * <p>Of topics, subscriptions and methods a node reports 200 each by name; what is beyond is added up under
 * {@link #OTHER}.
 *
 * @param node its id
 * @param uptime how long it has been there
 * @param state the state of its bus
 * @param bus what its bus has done
 * @param published events that were published by {@code Bus.publish}, by topic
 * @param subscriptions its subscriptions, those of durable topics not included
 * @param methods what it serves, by {@code service.method}
 */
public record NodeStats(
        String node,
        Duration uptime,
        BusState state,
        BusStats bus,
        Map<String, Long> published,
        List<Subscription> subscriptions,
        Map<String, Method> methods) {

    /** The name of what is added up because there is too much of it. */
    public static final String OTHER = "_OTHER";

    /**
     * A subscription of the node, with numbers as in {@link dev.omnibus.bus.SubscriptionStats}.
     *
     * @param topic the topic's name or the pattern
     * @param received events that matched it
     * @param handled of these, passed to the handler, which returned
     * @param failed of these, the handler threw, and no retry was left
     * @param dropped of these, dropped because the mailbox was full, or not handled any more
     * @param waiting of these, waiting for the handler or being handled
     */
    public record Subscription(String topic, long received, long handled, long failed, long dropped, int waiting) {}

    /**
     * A method that the node serves. How long a call took is measured from its arrival to its answer, for those that
     * were executed; a quantile is at most an eighth too large.
     *
     * @param calls calls that have their answer
     * @param failed those of them that ended without a value, by the reason
     * @param running calls that are being executed
     * @param waiting calls that wait to be executed
     * @param p50 what half of the calls took at most
     * @param p95 what 95 % of them took at most
     * @param p99 what 99 % of them took at most
     * @param max what the longest one took
     */
    public record Method(
            long calls,
            Map<RpcException.Reason, Long> failed,
            int running,
            int waiting,
            Duration p50,
            Duration p95,
            Duration p99,
            Duration max) {

        /**
         * Copies the failures.
         *
         * @param calls calls that have their answer
         * @param failed those that ended without a value
         * @param running calls that are being executed
         * @param waiting calls that wait
         * @param p50 what half of the calls took at most
         * @param p95 what 95 % of them took at most
         * @param p99 what 99 % of them took at most
         * @param max what the longest one took
         */
        public Method {
            failed = Map.copyOf(failed);
        }
    }

    /**
     * Copies the collections.
     *
     * @param node its id
     * @param uptime how long it has been there
     * @param state the state of its bus
     * @param bus what its bus has done
     * @param published events by topic
     * @param subscriptions its subscriptions
     * @param methods what it serves
     */
    public NodeStats {
        Objects.requireNonNull(node, "node");
        published = Collections.unmodifiableMap(new LinkedHashMap<>(published));
        subscriptions = List.copyOf(subscriptions);
        methods = Collections.unmodifiableMap(new LinkedHashMap<>(methods));
    }
}
