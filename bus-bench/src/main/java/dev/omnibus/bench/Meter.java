package dev.omnibus.bench;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.Supplier;

/** Takes what was used between two moments, and shares it out among the operations. */
final class Meter {

    private final Servers servers;
    private final Supplier<Usage> usage;
    private final long begun;
    private final Usage before;
    private final double cpuBefore;
    private final long commandsBefore;

    /** Begins. The supplier gives what all JVMs that take part have used so far. */
    Meter(Servers servers, Supplier<Usage> usage) {
        this.servers = servers;
        this.usage = usage;
        this.cpuBefore = servers.cpuSeconds();
        this.commandsBefore = servers.commands();
        this.before = usage.get();
        this.begun = System.nanoTime();
    }

    /** Ends. */
    Map<Metric, Double> perOperation(double operations) {
        Usage used = usage.get().minus(before);
        long nanos = System.nanoTime() - begun;
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        values.put(Metric.CPU, used.cpuNanos() / 1e3 / operations);
        values.put(Metric.JIT, 100.0 * used.jitNanos() / nanos);
        values.put(Metric.ALLOCATED, Math.max(0, used.allocatedBytes()) / operations);
        values.put(Metric.BROKER_CPU, (servers.cpuSeconds() - cpuBefore) * 1e6 / operations);
        values.put(Metric.COMMANDS, (servers.commands() - commandsBefore) / operations);
        return values;
    }
}
