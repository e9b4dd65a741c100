package dev.omnibus.bench.job;

import java.util.Locale;

/** What is measured, and in what. */
public enum Metric {
    P50("p50", "µs", true),
    P99("p99", "µs", true),
    P999("p99.9", "µs", true),
    RATE("rate", "/s", false),
    /** Of those that were sent: calls without an answer, events that did not arrive. */
    LOST("lost", "%", true),
    CPU("cpu", "µs/op", true),
    BROKER_CPU("broker-cpu", "µs/op", true),
    ALLOCATED("allocated", "B/op", true),
    COMMANDS("commands", "/op", true),
    /** Of a cluster, the master with the least of it; {@link #BROKER_CPU} is that of all masters together. */
    MIN_MASTER_CPU("least-master-cpu", "µs/op", true),
    MAX_MASTER_CPU("greatest-master-cpu", "µs/op", true),
    /** What the masters of a cluster have sent each other, heartbeats too. */
    BUS("bus", "B/op", true),
    /** How busy the compilers of the JVMs were, of one processor. */
    JIT("jit", "%", true),
    HEAP("heap", "B", true),
    /** From the beginning of a program to its first answer. */
    START("start", "ms", true);

    private final String label;
    private final String unit;
    private final boolean lessIsBetter;

    Metric(String label, String unit, boolean lessIsBetter) {
        this.label = label;
        this.unit = unit;
        this.lessIsBetter = lessIsBetter;
    }

    public String label() {
        return label;
    }

    public String unit() {
        return unit;
    }

    public boolean lessIsBetter() {
        return lessIsBetter;
    }

    /** With as many digits as mean something. */
    public static String digits(double value) {
        double size = Math.abs(value);
        String format = size >= 100 || size == 0 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f";
        return String.format(Locale.ROOT, format, value);
    }
}
