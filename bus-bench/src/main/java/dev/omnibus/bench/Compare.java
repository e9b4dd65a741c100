package dev.omnibus.bench;

import dev.omnibus.bench.job.Job;
import dev.omnibus.bench.job.Measured;
import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.job.Servers;
import dev.omnibus.bench.job.Stage;
import dev.omnibus.bench.job.Subscribers;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.server.Link;
import dev.omnibus.bench.server.NatsServer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Runs the jobs: for each job, and those that a budget compares with it, all peers one after the other, and that
 * several times over, so that what disturbs the machine for a while disturbs all of them. Before that each is repeated
 * until its JVMs have compiled what they run.
 */
final class Compare {

    private static final double SETTLED = 5; // per cent of a processor

    private final Options options;
    private final PrintStream out;
    private final PrintStream progress;
    private final Results results = new Results();

    private Compare(Options options, PrintStream out, PrintStream progress) {
        this.options = options;
        this.out = out;
        this.progress = progress;
    }

    /** Measures, prints the table and the lines for programs, and writes the files that were asked for. */
    static void run(Options options, PrintStream out, PrintStream progress) throws Exception {
        new Compare(options, out, progress).run();
    }

    private void run() throws Exception {
        try (Link link = Link.of(options.roundTrip());
                Servers servers = Servers.start(options.peers(), options.masters(), link);
                Subscribers subscribers = new Subscribers()) {
            Machine machine = Machine.describe(servers, options.roundTrip());
            machine.facts().forEach(progress::println);
            Stage stage = new Stage(servers, subscribers, options.seconds());
            List<Job> left = new ArrayList<>(options.jobs());
            while (!left.isEmpty()) {
                Job first = left.get(0);
                List<Job> together = left.stream()
                        .filter(job -> job == first || isComparedWith(job, first))
                        .toList();
                measure(together, stage);
                left.removeAll(together);
            }
            report(new Report(options, machine, results));
        }
    }

    private boolean isComparedWith(Job job, Job other) {
        return Budgets.of(options.roundTrip(), options.masters()).stream()
                .anyMatch(budget -> budget.compares(job.name(), other.name()));
    }

    private void measure(List<Job> together, Stage stage) {
        together.forEach(job -> warmUp(job, stage));
        for (int round = 1; round <= options.rounds(); round++) {
            String name = String.format(Locale.ROOT, "%3d/%-3d", round, options.rounds());
            for (Job job : together) {
                for (Peer peer : peers(job)) {
                    measure(job, name, peer, stage)
                            .ifPresent(measured -> results.add(job.name(), peer.name(), measured));
                }
            }
        }
    }

    private List<Peer> peers(Job job) {
        return options.peers().stream().filter(peer -> options.wants(job, peer)).toList();
    }

    private void warmUp(Job job, Stage stage) {
        List<Peer> cold = new ArrayList<>(peers(job));
        for (int i = 0; i < options.warmUps() && !cold.isEmpty(); i++) {
            cold.removeIf(peer -> measure(job, "warm-up", peer, stage)
                    .map(measured -> !(measured.get(Metric.JIT) > SETTLED))
                    .orElse(true));
        }
    }

    private Optional<Measured> measure(Job job, String round, Peer peer, Stage stage) {
        if (results.failure(job.name(), peer.name()).isPresent()) {
            return Optional.empty();
        }
        if (peer.needsNats() && !stage.servers().hasNats()) {
            results.failed(job.name(), peer.name(), NatsServer.MISSING);
            return Optional.empty();
        }
        try {
            Measured measured = job.measure(peer, stage);
            report(job, round, peer, measured.text(job.metric()) + ", JIT " + measured.text(Metric.JIT));
            return Optional.of(measured);
        } catch (Exception e) {
            results.failed(job.name(), peer.name(), "failed: " + e);
            report(job, round, peer, "failed: " + e);
            return Optional.empty();
        }
    }

    private void report(Job job, String round, Peer peer, String what) {
        progress.printf(Locale.ROOT, "%-20s %s  %-15s %s%n", job.name(), round, peer.name(), what);
    }

    private void report(Report report) throws IOException {
        out.print(report.text());
        report.lines().forEach(out::println);
        if (options.json().isPresent()) {
            Files.writeString(options.json().get(), report.json());
        }
        if (options.markdown().isPresent()) {
            Files.writeString(options.markdown().get(), report.markdown());
        }
        if (options.svg().isPresent()) {
            Files.writeString(options.svg().get(), Chart.of(options, results));
        }
    }
}
