package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Ability;
import dev.omnibus.bench.peer.Observing;
import java.util.List;

/** All jobs. Messages have 100 bytes of JSON where nothing else is said, durable events 257. */
public final class Jobs {

    private static final int SMALL = 100;
    private static final int DURABLE = 257;
    private static final int MIDDLE = 1024;
    private static final int LARGE = 16 * 1024;
    private static final int BEHIND = 100_000;

    public static final List<Job> ALL = List.of(
            new CallJob("call-alone", "calls one at a time", Load.alone(Ability.CALL), 1, SMALL),
            new CallJob("call-alone-quick", "calls one at a time, non-blocking handler", Load.aloneQuick(), 1, SMALL),
            inFlight(16, SMALL, "", ""),
            inFlight(64, SMALL, "", ""),
            inFlight(256, SMALL, "", ""),
            observed("calls-256-metrics", "calls, 256 in flight, with metrics", Observing.METRICS),
            observed("calls-256-spans", "calls, 256 in flight, unsampled spans", Observing.SPANS),
            inFlight(1_024, SMALL, "", ""),
            inFlight(64, MIDDLE, "-1k", ", 1 KiB"),
            inFlight(64, LARGE, "-16k", ", 16 KiB"),
            new CallJob("calls-blocking-64", "calls from 64 blocking threads", Load.threads(64), 1, SMALL),
            new CallJob("broadcast-8", "broadcast to 8 nodes", Load.broadcasts(), 8, SMALL),
            new CallJob("queued-alone", "queued calls one at a time", Load.alone(Ability.QUEUE), 1, SMALL),
            new CallJob("queued-64", "queued calls, 64 in flight", Load.inFlight(Ability.QUEUE, 64), 1, SMALL),
            new EventJob("events-1", "events to 1 process", 1, 1, SMALL),
            new EventJob("events-4", "events to 4 processes", 4, 1, SMALL),
            new EventJob("events-1-1k", "events to 1 process, 1 KiB", 1, 1, MIDDLE),
            new EventJob("events-1-16k", "events to 1 process, 16 KiB", 1, 1, LARGE),
            new EventJob("events-topics-1000", "events over 1,000 topics", 1, 1_000, SMALL),
            new EventJob("events-topics-10000", "events over 10,000 topics", 1, 10_000, SMALL),
            new DurablePublish("durable-publish", "durable events, until they are kept", DURABLE),
            durable("durable-group-1", "durable events to a group of 1 process", Intake.GROUP, 1, 0),
            durable("durable-group-4", "durable events to a group of 4 processes", Intake.GROUP, 4, 0),
            durable("durable-follow-1", "durable events to 1 following process", Intake.FOLLOW, 1, 0),
            durable("durable-follow-4", "durable events to 4 following processes", Intake.FOLLOW, 4, 0),
            new DurableAlone("durable-alone", "durable events one at a time", DURABLE),
            durable("durable-backlog", "as to 1 process, another group 100,000 behind", Intake.GROUP, 1, BEHIND),
            new HeapJob("heap-subscriptions", "heap per idle subscription, of 1,000", 1_000),
            new ColdStartJob("cold-start", "from main to the first answer", false),
            new ColdStartJob("cold-start-cds", "the same, class-data sharing", true),
            nodes(256, 2),
            nodes(256, 8),
            nodes(256, 32),
            perNode(64, 2),
            perNode(64, 8),
            perNode(64, 32));

    private Jobs() {}

    private static Job inFlight(int calls, int bytes, String suffix, String words) {
        return new CallJob(
                "calls-" + calls + suffix,
                String.format("calls, %,d in flight%s", calls, words),
                Load.inFlight(Ability.CALL, calls),
                1,
                bytes);
    }

    private static Job observed(String name, String title, Observing observing) {
        return new CallJob(name, title, Load.inFlight(Ability.CALL, 256), 1, SMALL, observing);
    }

    private static Job durable(String name, String title, Intake intake, int processes, int behind) {
        return new DurableDelivery(name, title, intake, processes, behind, DURABLE);
    }

    private static Job nodes(int calls, int nodes) {
        return new CallJob(
                "calls-" + calls + "-nodes-" + nodes,
                String.format("calls, %,d in flight, %d nodes", calls, nodes),
                Load.inFlight(Ability.CALL, calls),
                nodes,
                SMALL);
    }

    private static Job perNode(int calls, int nodes) {
        return new CallJob(
                "calls-" + calls + "-per-node-" + nodes,
                String.format("calls, %d in flight for each of %d nodes", calls, nodes),
                Load.inFlight(Ability.CALL, calls * nodes),
                nodes,
                SMALL);
    }

    public static Job named(String name) {
        return ALL.stream()
                .filter(job -> job.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no job \"" + name + "\"; there are "
                        + ALL.stream().map(Job::name).toList()));
    }
}
