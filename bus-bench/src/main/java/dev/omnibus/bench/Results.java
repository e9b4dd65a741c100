package dev.omnibus.bench;

import dev.omnibus.bench.job.Measured;
import dev.omnibus.bench.job.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All that has been measured so far, by job and peer. Confined to one thread. */
final class Results {

    /** A median, and the least and the greatest of the same values. */
    record Spread(double median, double least, double greatest) {

        static Spread of(double[] values) {
            double[] sorted = values.clone();
            Arrays.sort(sorted);
            int middle = sorted.length / 2;
            double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
            return new Spread(median, sorted[0], sorted[sorted.length - 1]);
        }
    }

    private final Map<String, Map<String, List<Measured>>> rounds = new LinkedHashMap<>();
    private final Map<String, Map<String, String>> failures = new LinkedHashMap<>();

    void add(String job, String peer, Measured measured) {
        rounds.computeIfAbsent(job, name -> new LinkedHashMap<>())
                .computeIfAbsent(peer, name -> new ArrayList<>())
                .add(measured);
    }

    /** Notes why there is nothing of a peer for a job, or not of all rounds. */
    void failed(String job, String peer, String why) {
        failures.computeIfAbsent(job, name -> new LinkedHashMap<>()).put(peer, why);
    }

    List<Measured> rounds(String job, String peer) {
        return rounds.getOrDefault(job, Map.of()).getOrDefault(peer, List.of());
    }

    Optional<String> failure(String job, String peer) {
        return Optional.ofNullable(failures.getOrDefault(job, Map.of()).get(peer));
    }

    /** Over all rounds; empty if it was not measured. */
    Optional<Spread> of(String job, String peer, Metric metric) {
        double[] values = rounds(job, peer).stream()
                .mapToDouble(measured -> measured.get(metric))
                .filter(value -> !Double.isNaN(value))
                .toArray();
        return values.length == 0 ? Optional.empty() : Optional.of(Spread.of(values));
    }

    /**
     * The median of what the rounds give when each is taken for itself: neighbours in time share the machine's mood.
     */
    Optional<Double> ratio(Metric metric, String job, String peer, String otherJob, String otherPeer) {
        List<Measured> ours = rounds(job, peer);
        List<Measured> theirs = rounds(otherJob, otherPeer);
        int pairs = Math.min(ours.size(), theirs.size());
        double[] ratios = new double[pairs];
        for (int i = 0; i < pairs; i++) {
            ratios[i] = ours.get(i).get(metric) / theirs.get(i).get(metric);
        }
        return pairs == 0 ? Optional.empty() : Optional.of(Spread.of(ratios).median());
    }
}
