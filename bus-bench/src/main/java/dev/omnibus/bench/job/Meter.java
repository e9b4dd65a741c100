package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.server.Work;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Supplier;

/** Takes what was used between two moments, and shares it out among the operations. */
public final class Meter {

    private final Servers servers;
    private final Peer peer;
    private final Supplier<Usage> usage;
    private final long begun;
    private final Usage before;
    private final Work workBefore;

    /** Begins. The supplier gives what all JVMs that take part have used so far. */
    public Meter(Servers servers, Peer peer, Supplier<Usage> usage) {
        this.servers = servers;
        this.usage = usage;
        this.peer = peer;
        this.workBefore = servers.work(peer);
        this.before = usage.get();
        this.begun = System.nanoTime();
    }

    /** Ends. */
    public Map<Metric, Double> perOperation(double operations) {
        Usage used = usage.get().minus(before);
        long nanos = System.nanoTime() - begun;
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        values.put(Metric.CPU, used.cpuNanos() / 1e3 / operations);
        values.put(Metric.JIT, 100.0 * used.jitNanos() / nanos);
        values.put(Metric.ALLOCATED, Math.max(0, used.allocatedBytes()) / operations);
        Work work = servers.work(peer).minus(workBefore);
        values.put(Metric.BROKER_CPU, work.allCpuSeconds() * 1e6 / operations);
        values.put(Metric.COMMANDS, work.commands() / operations);
        if (peer.needsCluster()) {
            values.put(Metric.MIN_MASTER_CPU, work.leastCpuSeconds() * 1e6 / operations);
            values.put(Metric.MAX_MASTER_CPU, work.greatestCpuSeconds() * 1e6 / operations);
            values.put(Metric.BUS, Math.max(0, work.busBytes()) / operations);
        }
        return values;
    }
}
