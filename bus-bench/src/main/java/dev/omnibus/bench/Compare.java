package dev.omnibus.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;

/**
 * Runs the jobs: for each job all peers one after the other, and that several times over, so that what disturbs the
 * machine for a while disturbs all of them. The first round warms up and does not count.
 */
final class Compare {

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
        boolean withNats = options.peers().stream().anyMatch(Peer::needsNats);
        try (Servers servers = Servers.start(withNats);
                Subscribers subscribers = new Subscribers()) {
            Machine machine = Machine.describe(servers);
            machine.facts().forEach(progress::println);
            Stage stage = new Stage(servers, subscribers, options.seconds());
            for (Job job : options.jobs()) {
                measure(job, stage);
            }
            report(new Report(options, machine, results));
        }
    }

    private void measure(Job job, Stage stage) {
        List<Peer> peers = options.peers().stream()
                .filter(peer -> options.wants(job, peer))
                .toList();
        for (int round = 0; round <= options.rounds(); round++) {
            for (Peer peer : peers) {
                measure(job, round, peer, round == 0 ? stage.forFirstRound() : stage);
            }
        }
    }

    private void measure(Job job, int round, Peer peer, Stage stage) {
        if (results.failure(job.name(), peer.name()).isPresent()) {
            return;
        }
        if (peer.needsNats() && !stage.servers().hasNats()) {
            results.failed(job.name(), peer.name(), NatsServer.MISSING);
            return;
        }
        String told;
        try {
            Measured measured = job.measure(peer, stage);
            if (round > 0) {
                results.add(job.name(), peer.name(), measured);
            }
            told = Metric.digits(measured.get(job.metric())) + " "
                    + job.metric().unit();
        } catch (Exception e) {
            results.failed(job.name(), peer.name(), "failed: " + e);
            told = "failed: " + e;
        }
        progress.printf(
                Locale.ROOT,
                "%-20s %s  %-12s %s%n",
                job.name(),
                round == 0 ? "warm-up" : String.format(Locale.ROOT, "%3d/%-3d", round, options.rounds()),
                peer.name(),
                told);
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
