package dev.omnibus.tools.cli.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.tools.cli.base.Output;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The outcome of a check, in the formats that monitoring reads. Thread-safe. */
final class CheckResult {

    /** How bad it is, with the exit code of Nagios. */
    enum Level {
        OK(0),
        WARNING(1),
        CRITICAL(2),
        UNKNOWN(3);

        final int code;

        Level(int code) {
            this.code = code;
        }

        /** The worse of two; a fault is worse than not knowing. */
        Level or(Level other) {
            return this != CRITICAL && (other == CRITICAL || other.compareTo(this) > 0) ? other : this;
        }
    }

    private record Finding(Level level, String text) {}

    /** Beyond its limits it is bad; of a count, below. */
    private record Metric(String name, double value, String unit, double warn, double critical) {

        boolean isCount() {
            return unit.isEmpty();
        }
    }

    private final String check;
    private final String item;
    private final List<Finding> findings = new ArrayList<>(); // guarded by this
    private final List<Metric> metrics = new ArrayList<>(); // guarded by this

    CheckResult(String check, String item) {
        this.check = check;
        this.item = item;
    }

    synchronized void add(Level level, String text) {
        findings.add(new Finding(level, text.replace('\n', ' ')));
    }

    synchronized void metric(String name, double value, String unit, double warn, double critical) {
        metrics.add(new Metric(name.replace(' ', '_'), value, unit, warn, critical));
    }

    /** The worst of what was found. */
    synchronized Level level() {
        return findings.stream().map(Finding::level).reduce(Level::or).orElse(Level.UNKNOWN);
    }

    synchronized String text(String format, String namespace) {
        return switch (format) {
            case "json" -> json();
            case "nagios" -> nagios();
            case "prometheus" -> prometheus(namespace);
            default ->
                findings.stream()
                        .map(finding -> finding.level() + " " + finding.text())
                        .collect(Collectors.joining("\n"));
        };
    }

    private String json() {
        ObjectNode json = Output.object()
                .put("status", level().name())
                .put("check_suite", check)
                .put("check_name", item);
        for (Level level : List.of(Level.OK, Level.WARNING, Level.CRITICAL, Level.UNKNOWN)) {
            json.set(level.name().toLowerCase(Locale.ROOT), Output.array(texts(level)));
        }
        ArrayNode perf = json.putArray("perf_data");
        for (Metric metric : metrics) {
            perf.addObject()
                    .put("name", metric.name())
                    .put("value", metric.value())
                    .put("unit", metric.unit())
                    .put("warn", metric.warn())
                    .put("critical", metric.critical());
        }
        return Output.compact(json);
    }

    private List<String> texts(Level level) {
        return findings.stream()
                .filter(finding -> finding.level() == level)
                .map(Finding::text)
                .toList();
    }

    private String nagios() {
        List<String> bad = new ArrayList<>();
        findings.stream()
                .filter(finding -> finding.level() != Level.OK)
                .forEach(finding -> bad.add(finding.level() + ": " + finding.text()));
        String said = bad.isEmpty() ? String.join(", ", texts(Level.OK)) : String.join(", ", bad);
        String perf = metrics.stream()
                .map(metric -> metric.name() + "=" + number(metric.value()) + metric.unit() + ";" + limit(metric.warn())
                        + ";" + limit(metric.critical()) + (metric.isCount() && metric.critical() > 0 ? ":" : ""))
                .collect(Collectors.joining(" "));
        return level() + " " + check + " " + item + " " + said.replace('|', '/') + (perf.isEmpty() ? "" : " | " + perf);
    }

    private String prometheus(String namespace) {
        StringBuilder text = new StringBuilder();
        String labels = "{item=\"" + escaped(item) + "\"";
        for (Metric metric : metrics) {
            String name = namespace + "_" + check + "_" + metric.name();
            text.append("# TYPE ").append(name).append(" gauge\n");
            text.append(name)
                    .append(labels)
                    .append("} ")
                    .append(number(metric.value()))
                    .append('\n');
        }
        String status = namespace + "_" + check + "_status_code";
        text.append("# TYPE ").append(status).append(" gauge\n").append(status).append(labels);
        return text.append(",status=\"")
                .append(level())
                .append("\"} ")
                .append(level().code)
                .toString();
    }

    private static String escaped(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    private static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : String.format(Locale.ROOT, "%.6f", value);
    }

    private static String limit(double value) {
        return value == 0 ? "" : number(value);
    }
}
