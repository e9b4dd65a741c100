package dev.omnibus.bench;

import static dev.omnibus.bench.Budget.atLeast;
import static dev.omnibus.bench.Budget.atLeastOf;
import static dev.omnibus.bench.Budget.atMost;

import java.util.List;

/**
 * What must be reached on a machine of two cores, on JDK 17, with the library's defaults and Netty's native transport.
 */
final class Budgets {

    static final List<Budget> ALL = List.of(
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
            atLeast(0.85, "events-1", Metric.RATE, "nats"),
            atLeast(3.5, "events-1", Metric.RATE, "rtopic"),
            atLeast(0.9, "events-4", Metric.RATE, "nats"),
            atLeast(0.6, "events-topics-1000", Metric.RATE, "nats"),
            atLeast(1.8, "events-topics-1000", Metric.RATE, "rtopic"),
            atMost(0.2, "calls-256", Metric.COMMANDS, ""),
            atMost(4096, "heap-subscriptions", Metric.HEAP, ""),
            atLeastOf("calls-64-per-node-2", 0.8, "calls-64-per-node-32", Metric.RATE),
            atLeastOf("calls-256-nodes-2", 0.8, "calls-256-nodes-32", Metric.RATE));

    private Budgets() {}

    /** Whether one of them needs to know how this peer does this job. */
    static boolean lookAt(Job job, Peer peer) {
        boolean own = peer instanceof OmnibusPeer;
        return ALL.stream()
                .anyMatch(budget -> (budget.job().equals(job.name())
                                && (own || budget.against().equals(peer.name())))
                        || (budget.againstJob().equals(job.name())
                                && budget.against().equals(peer.name())));
    }
}
