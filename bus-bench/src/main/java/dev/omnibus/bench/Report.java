package dev.omnibus.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bench.job.Job;
import dev.omnibus.bench.job.Jobs;
import dev.omnibus.bench.job.Measured;
import dev.omnibus.bench.job.Metric;
import dev.omnibus.bench.peer.Json;
import dev.omnibus.bench.peer.OmnibusPeer;
import dev.omnibus.bench.peer.Peer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What was measured, in the forms in which it is read. */
record Report(Options options, Machine machine, Results results) {

    private static final List<Metric> DETAILS = List.of(
            Metric.P99, Metric.P999, Metric.LOST, Metric.CPU, Metric.BROKER_CPU, Metric.ALLOCATED, Metric.COMMANDS);

    /** What is shown as well where there is a cluster. */
    private static final List<Metric> CLUSTER_DETAILS =
            List.of(Metric.MIN_MASTER_CPU, Metric.MAX_MASTER_CPU, Metric.BUS);

    private static final String CLUSTER_LEGEND =
            " Of a cluster: broker is the sum of all masters; least m., most m.: µs of"
                    + " the least and the most busy master, bus: bytes that the masters sent each other, heartbeats too.";

    private static final List<String> CLUSTER_HEAD = List.of("least m.", "most m.", "bus");

    private static final List<String> HEAD = List.of(
            "job",
            "peer",
            "median",
            "least",
            "greatest",
            "ratio",
            "p99",
            "p99.9",
            "lost",
            "cpu",
            "broker",
            "alloc",
            "cmds");

    /** How the columns are written; a reason for a failure may follow them. */
    private static final List<String> WIDTHS = List.of(
            "%-42s",
            "%-15s", " %15s", " %10s", " %10s", " %7s", " %9s", " %9s", " %7s", " %7s", " %7s", " %8s", " %7s", " %8s",
            " %8s", " %8s");

    private <T> List<T> also(List<T> columns, List<T> ofCluster) {
        return options.masters() == 0
                ? columns
                : Stream.concat(columns.stream(), ofCluster.stream()).toList();
    }

    private List<String> head() {
        return also(HEAD, CLUSTER_HEAD);
    }

    private List<List<String>> rows(Job job) {
        List<List<String>> rows = new ArrayList<>();
        for (Peer peer : options.peers()) {
            if (options.wants(job, peer)) {
                rows.add(row(job, peer));
            }
        }
        return rows;
    }

    private List<String> row(Job job, Peer peer) {
        List<String> row = new ArrayList<>(List.of(job.title(), peer.name()));
        Optional<Results.Spread> spread = results.of(job.name(), peer.name(), job.metric());
        if (spread.isEmpty()) {
            row.add(results.failure(job.name(), peer.name()).orElse("-"));
            return row;
        }
        row.add(Metric.digits(spread.get().median()) + " " + job.metric().unit());
        row.add(Metric.digits(spread.get().least()));
        row.add(Metric.digits(spread.get().greatest()));
        row.add(results.ratio(job.metric(), job.name(), OmnibusPeer.NAME, job.name(), peer.name())
                .map(Metric::digits)
                .orElse("-"));
        for (Metric metric : also(DETAILS, CLUSTER_DETAILS)) {
            row.add(results.of(job.name(), peer.name(), metric)
                    .map(each -> Metric.digits(each.median()))
                    .orElse("-"));
        }
        results.failure(job.name(), peer.name()).ifPresent(why -> row.add("then " + why));
        return row;
    }

    /** For people at a terminal. */
    String text() {
        StringBuilder text = new StringBuilder("\n");
        machine.facts().forEach(fact -> text.append(fact).append('\n'));
        text.append(legend()).append('\n');
        for (Job job : options.jobs()) {
            text.append('\n').append(line(head()));
            rows(job).forEach(row -> text.append(line(row)));
        }
        return text.append('\n').toString();
    }

    private static String line(List<String> cells) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.size(); i++) {
            String format = i < WIDTHS.size() ? WIDTHS.get(i) : " %s";
            line.append(String.format(Locale.ROOT, format, cells.get(i)));
        }
        return line.append('\n').toString();
    }

    private String legend() {
        return String.format(
                        Locale.ROOT,
                        "Median, least and greatest of %d rounds of %s s. ratio: Omnibus to this peer, the median of the rounds'"
                                + " ratios.%ncpu: µs of the JVMs per operation, broker: µs of Redis or nats-server, alloc: bytes of"
                                + " the JVMs, cmds: Redis commands, lost: per cent.",
                        options.rounds(),
                        Metric.digits(options.seconds()))
                + (options.masters() == 0 ? "" : CLUSTER_LEGEND);
    }

    /** For programs: one line per budget that could be looked at. */
    List<String> lines() {
        return options.budgets().stream()
                .flatMap(budget -> budget.value(results).map(budget::line).stream())
                .toList();
    }

    /** For the documentation. */
    String markdown() {
        StringBuilder text = new StringBuilder();
        machine.facts().forEach(fact -> text.append("- ").append(fact).append('\n'));
        text.append('\n').append(legend().replace("\n", " ")).append("\n\n");
        text.append(cells(head()));
        text.append(cells(head().stream().map(head -> "---").toList()));
        options.jobs().forEach(job -> rows(job).forEach(row -> text.append(cells(row))));
        text.append("\n| job | ratio | value | must be | |\n|---|---|---|---|---|\n");
        for (Budget budget : options.budgets()) {
            budget.value(results)
                    .ifPresent(value -> text.append(cells(List.of(
                            Jobs.named(budget.job()).title() + ", "
                                    + budget.metric().label(),
                            budget.versus(),
                            Metric.digits(value),
                            (budget.atMost() ? "≤ " : "≥ ") + Metric.digits(budget.limit()),
                            budget.isKept(value) ? "ok" : "short"))));
        }
        return text.toString();
    }

    private static String cells(List<String> cells) {
        return cells.stream().collect(Collectors.joining(" | ", "| ", " |\n"));
    }

    /** Everything, each round too. */
    String json() throws JsonProcessingException {
        ObjectNode root = Json.MAPPER.createObjectNode();
        machine.facts().forEach(root.putArray("machine")::add);
        root.put("rounds", options.rounds())
                .put("seconds", options.seconds())
                .put("rtt", options.roundTrip().toString())
                .put("masters", options.masters());
        ArrayNode figures = root.putArray("figures");
        for (Job job : options.jobs()) {
            for (Peer peer : options.peers()) {
                if (options.wants(job, peer)) {
                    figures.add(figure(job, peer));
                }
            }
        }
        lines().forEach(root.putArray("lines")::add);
        return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private ObjectNode figure(Job job, Peer peer) {
        ObjectNode figure = Json.MAPPER.createObjectNode();
        figure.put("job", job.name())
                .put("peer", peer.name())
                .put("metric", job.metric().label());
        results.failure(job.name(), peer.name()).ifPresent(why -> figure.put("failure", why));
        ArrayNode rounds = figure.putArray("rounds");
        for (Measured measured : results.rounds(job.name(), peer.name())) {
            ObjectNode round = rounds.addObject();
            Arrays.stream(Metric.values())
                    .filter(metric -> !Double.isNaN(measured.get(metric)))
                    .forEach(metric -> round.put(metric.label(), measured.get(metric)));
        }
        return figure;
    }
}
