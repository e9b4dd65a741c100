package dev.omnibus.bench.server;

import java.util.List;
import java.util.stream.IntStream;

/**
 * What the servers between the peers have done.
 *
 * @param cpuSeconds the processor time of each
 * @param commands of Redis
 * @param busBytes what the masters of a cluster have sent each other
 */
public record Work(List<Double> cpuSeconds, double commands, double busBytes) {

    public Work minus(Work before) {
        return new Work(
                IntStream.range(0, cpuSeconds.size())
                        .mapToObj(i -> cpuSeconds.get(i) - before.cpuSeconds.get(i))
                        .toList(),
                commands - before.commands,
                busBytes - before.busBytes);
    }

    public double allCpuSeconds() {
        return cpuSeconds.stream().mapToDouble(Double::doubleValue).sum();
    }

    public double leastCpuSeconds() {
        return cpuSeconds.stream().mapToDouble(Double::doubleValue).min().orElse(0);
    }

    public double greatestCpuSeconds() {
        return cpuSeconds.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    }
}
