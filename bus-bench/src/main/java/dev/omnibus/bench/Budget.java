package dev.omnibus.bench;

import dev.omnibus.bench.job.Job;
import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.peer.OmnibusPeer;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.peer.Peers;
import java.util.Locale;
import java.util.Optional;

/**
 * What a job must reach with Omnibus: a ratio to another figure, or, where there is none, a figure by itself.
 *
 * @param peer which Omnibus: the one on a single Redis, or the one on the cluster
 * @param job the job
 * @param metric what is looked at
 * @param against the peer that it is divided by; Omnibus itself if it is another job; empty for a figure by itself
 * @param againstJob the job that this is taken from
 * @param limit where it ends
 * @param atMost whether that is the most, or the least
 */
record Budget(String peer, String job, Metric metric, String against, String againstJob, double limit, boolean atMost) {

    static Budget atMost(double limit, String job, Metric metric, String against) {
        return new Budget(OmnibusPeer.NAME, job, metric, against, job, limit, true);
    }

    static Budget atLeast(double limit, String job, Metric metric, String against) {
        return new Budget(OmnibusPeer.NAME, job, metric, against, job, limit, false);
    }

    static Budget atLeastOf(String otherJob, double limit, String job, Metric metric) {
        return new Budget(OmnibusPeer.NAME, job, metric, OmnibusPeer.NAME, otherJob, limit, false);
    }

    static Budget atMostOf(String otherJob, double limit, String job, Metric metric) {
        return new Budget(OmnibusPeer.NAME, job, metric, OmnibusPeer.NAME, otherJob, limit, true);
    }

    /** The same for Omnibus on the cluster. */
    Budget onCluster() {
        return new Budget(Peers.ON_CLUSTER.name(), job, metric, against, againstJob, limit, atMost);
    }

    /** What was reached; empty if it was not measured. */
    Optional<Double> value(Results results) {
        return against.isEmpty()
                ? results.of(job, peer, metric).map(Results.Spread::median)
                : results.ratio(metric, job, peer, againstJob, against);
    }

    /** Whether it needs to know how this peer does this job. */
    boolean looksAt(Job other, Peer by) {
        return (job.equals(other.name()) && peer.equals(by.name()))
                || (againstJob.equals(other.name()) && against.equals(by.name()));
    }

    boolean isKept(double value) {
        return atMost ? value <= limit : value >= limit;
    }

    /** Whether it is the ratio of one job to another. */
    boolean compares(String one, String other) {
        return (job.equals(one) && againstJob.equals(other)) || (job.equals(other) && againstJob.equals(one));
    }

    /** In the words of the tables, such as {@code omnibus/nats}. */
    String versus() {
        String other = againstJob.equals(job) ? against : against + "@" + againstJob;
        return against.isEmpty() ? peer : peer + "/" + other;
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
