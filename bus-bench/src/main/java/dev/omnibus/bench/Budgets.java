package dev.omnibus.bench;

import static dev.omnibus.bench.Budget.atLeast;
import static dev.omnibus.bench.Budget.atLeastOf;
import static dev.omnibus.bench.Budget.atMost;
import static dev.omnibus.bench.Budget.atMostOf;

import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.peer.OmnibusPeer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What must be reached on a machine of two cores, on JDK 17, with the library's defaults and Netty's native transport.
 */
final class Budgets {

    private static final int MASTERS = 3;
    private static final int MANY_MASTERS = 6;

    /** What a publication costs on the bus of a cluster is 2 kB at least; the heartbeats of the masters are in it. */
    private static final double HEARTBEATS = 5;

    private static final List<Budget> WITHOUT_LINK = List.of(
            atMost(0.95, "call-alone", Metric.P50, "nats"),
            atMost(0.45, "call-alone", Metric.P50, "rremote"),
            atMost(1.05, "call-alone", Metric.P50, "grpc"),
            atMost(0.80, "call-alone-quick", Metric.P50, "nats"),
            atLeast(30, "calls-64", Metric.RATE, "rremote"),
            atLeast(1.5, "calls-64", Metric.RATE, "grpc-direct"),
            atLeast(2.5, "calls-256", Metric.RATE, "nats"),
            atLeast(3.5, "calls-256", Metric.RATE, "grpc-direct"),
            atLeast(1.5, "calls-blocking-64", Metric.RATE, "nats"),
            atMost(0.5, "broadcast-8", Metric.P50, "nats"),
            atMostOf("call-alone", 2.5, "queued-alone", Metric.P50),
            atLeast(15, "queued-64", Metric.RATE, "rremote"),
            atLeast(0.85, "events-1", Metric.RATE, "nats"),
            atLeast(3.5, "events-1", Metric.RATE, "rtopic"),
            atLeast(0.9, "events-4", Metric.RATE, "nats"),
            atLeast(0.6, "events-topics-1000", Metric.RATE, "nats"),
            atLeast(1.8, "events-topics-1000", Metric.RATE, "rtopic"),
            atLeast(1.0, "durable-publish", Metric.RATE, "jetstream-memory"),
            atLeast(0.9, "durable-group-1", Metric.RATE, "rstream"),
            atLeast(15, "durable-group-1", Metric.RATE, "rreliable"),
            atLeast(1.2, "durable-group-1", Metric.RATE, "jetstream-memory"),
            atLeastOf("durable-group-1", 0.9, "durable-backlog", Metric.RATE),
            atLeastOf("calls-256", 0.97, "calls-256-metrics", Metric.RATE),
            atLeastOf("calls-256", 0.88, "calls-256-spans", Metric.RATE),
            atMost(0.2, "calls-256", Metric.COMMANDS, ""),
            atMost(4096, "heap-subscriptions", Metric.HEAP, ""),
            atMost(1_000, "cold-start", Metric.START, ""),
            atMost(600, "cold-start-cds", Metric.START, ""),
            atLeastOf("calls-64-per-node-2", 0.8, "calls-64-per-node-32", Metric.RATE),
            atLeastOf("calls-256-nodes-2", 0.8, "calls-256-nodes-32", Metric.RATE));

    /** For each round trip; where there is another one, nothing must be reached. */
    private static final Map<Duration, List<Budget>> BY_ROUND_TRIP = Map.of(
            Duration.ZERO,
            WITHOUT_LINK,
            Duration.ofMillis(1),
            List.of(
                    atMost(1.03, "call-alone", Metric.P50, "nats"),
                    atLeast(1.0, "calls-64", Metric.RATE, "nats"),
                    atLeast(1.2, "calls-256", Metric.RATE, "nats"),
                    atLeast(1.5, "calls-1024", Metric.RATE, "nats"),
                    atLeast(0.9, "events-1", Metric.RATE, "nats"),
                    atLeast(0.8, "events-topics-1000", Metric.RATE, "nats")),
            Duration.ofMillis(10),
            List.of(atLeast(1.0, "calls-256", Metric.RATE, "nats"), atLeast(0.8, "events-1", Metric.RATE, "nats")));

    /** For each number of masters, without a link. */
    private static final Map<Integer, List<Budget>> BY_MASTERS = Map.of(
            MASTERS,
            List.of(
                    atMost(1.2, "call-alone", Metric.P50, OmnibusPeer.NAME).onCluster(),
                    atLeast(0.85, "calls-64", Metric.RATE, OmnibusPeer.NAME).onCluster(),
                    atLeast(0.85, "calls-256", Metric.RATE, OmnibusPeer.NAME).onCluster(),
                    atMost(HEARTBEATS, "calls-64", Metric.BUS, "").onCluster()),
            MANY_MASTERS,
            List.of(atMost(1.15, "calls-64", Metric.BROKER_CPU, OmnibusPeer.NAME)
                    .onCluster()));

    private Budgets() {}

    /** Those for what is measured. */
    static List<Budget> of(Duration roundTrip, int masters) {
        List<Budget> all = BY_ROUND_TRIP.getOrDefault(roundTrip, List.of());
        return roundTrip.isZero()
                ? Stream.concat(all.stream(), BY_MASTERS.getOrDefault(masters, List.of()).stream())
                        .toList()
                : all;
    }
}
