package dev.omnibus.bench.job;

import java.util.EnumMap;
import java.util.Map;

/** What one measurement of one job with one peer gave. */
public record Measured(Map<Metric, Double> values) {

    public Measured {
        values = new EnumMap<>(values);
    }

    public double get(Metric metric) {
        return values.getOrDefault(metric, Double.NaN);
    }

    /** A value with its unit, for people. */
    public String text(Metric metric) {
        return values.containsKey(metric) ? Metric.digits(get(metric)) + " " + metric.unit() : "-";
    }
}
