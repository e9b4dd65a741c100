package dev.omnibus.bench;

import java.util.Locale;
import java.util.Optional;

/**
 * What a job must reach with Omnibus: a ratio to another figure, or, where there is none, a figure by itself.
 *
 * @param job the job
 * @param metric what is looked at
 * @param against the peer that it is divided by; Omnibus itself if it is another job; empty for a figure by itself
 * @param againstJob the job that this is taken from
 * @param limit where it ends
 * @param atMost whether that is the most, or the least
 */
record Budget(String job, Metric metric, String against, String againstJob, double limit, boolean atMost) {

    static Budget atMost(double limit, String job, Metric metric, String against) {
        return new Budget(job, metric, against, job, limit, true);
    }

    static Budget atLeast(double limit, String job, Metric metric, String against) {
        return new Budget(job, metric, against, job, limit, false);
    }

    static Budget atLeastOf(String otherJob, double limit, String job, Metric metric) {
        return new Budget(job, metric, OmnibusPeer.NAME, otherJob, limit, false);
    }

    /** What was reached; empty if it was not measured. */
    Optional<Double> value(Results results) {
        return against.isEmpty()
                ? results.of(job, OmnibusPeer.NAME, metric).map(Results.Spread::median)
                : results.ratio(metric, job, OmnibusPeer.NAME, againstJob, against);
    }

    boolean isKept(double value) {
        return atMost ? value <= limit : value >= limit;
    }

    /** In the words of the tables, such as {@code omnibus/nats}. */
    String versus() {
        String other = againstJob.equals(job) ? against : against + "@" + againstJob;
        return against.isEmpty() ? OmnibusPeer.NAME : OmnibusPeer.NAME + "/" + other;
    }

    /** For programs. */
    String line(double value) {
        return String.format(
                Locale.ROOT,
                "%s %s %s %.3f budget %s %s",
                against.isEmpty() ? "limit" : "ratio",
                job,
                versus(),
                value,
                limit,
                isKept(value) ? "ok" : "short");
    }
}
