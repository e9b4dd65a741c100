package dev.omnibus.bench;

import java.util.EnumMap;
import java.util.Map;

/** What one measurement of one job with one peer gave. */
record Measured(Map<Metric, Double> values) {

    Measured {
        values = new EnumMap<>(values);
    }

    double get(Metric metric) {
        return values.getOrDefault(metric, Double.NaN);
    }

    /** A value with its unit, for people. */
    String told(Metric metric) {
        return values.containsKey(metric) ? Metric.digits(get(metric)) + " " + metric.unit() : "-";
    }
}
