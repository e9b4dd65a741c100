package dev.omnibus.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What was measured, in the forms in which it is read. */
record Report(Options options, Machine machine, Results results) {

    private static final List<Metric> DETAILS = List.of(
            Metric.P99, Metric.P999, Metric.LOST, Metric.CPU, Metric.BROKER_CPU, Metric.ALLOCATED, Metric.COMMANDS);

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
            "%-12s", " %15s", " %10s", " %10s", " %7s", " %9s", " %9s", " %7s", " %7s", " %7s", " %8s", " %7s");

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
        for (Metric metric : DETAILS) {
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
            text.append('\n').append(line(HEAD));
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
                Metric.digits(options.seconds()));
    }

    /** For programs: one line per budget that could be looked at. */
    List<String> lines() {
        return Budgets.ALL.stream()
                .flatMap(budget -> budget.value(results).map(budget::line).stream())
                .toList();
    }

    /** For the documentation. */
    String markdown() {
        StringBuilder text = new StringBuilder();
        machine.facts().forEach(fact -> text.append("- ").append(fact).append('\n'));
        text.append('\n').append(legend().replace("\n", " ")).append("\n\n");
        text.append(cells(HEAD));
        text.append(cells(HEAD.stream().map(head -> "---").toList()));
        options.jobs().forEach(job -> rows(job).forEach(row -> text.append(cells(row))));
        text.append("\n| job | ratio | value | must be | |\n|---|---|---|---|---|\n");
        for (Budget budget : Budgets.ALL) {
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
        root.put("rounds", options.rounds()).put("seconds", options.seconds());
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
