package dev.omnibus.tools.cli.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Output;
import java.io.BufferedReader;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Publishes events. */
@Command(
        name = "pub",
        description = "Publishes events on a topic.%n",
        footer = {
            "",
            "omnibus pub orders.placed '{\"id\":\"o-1\"}'",
            "omnibus pub orders.placed --count 100 --rate 10 --template '{\"id\":\"o-{{count}}\"}'",
            "cat events.ndjson | omnibus pub orders.placed --lines"
        })
public final class PubCommand extends Action {

    private static final int MAX_UNANSWERED = 1000;

    @Parameters(index = "0", paramLabel = "TOPIC", description = "Where to publish.")
    String topic = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "DATA",
            description = "JSON; - for all of stdin, @FILE for a file.")
    @Nullable
    String data;

    @Option(names = "--type", paramLabel = "TYPE", description = "Type of the events. Default: JsonNode.")
    @Nullable
    String type;

    @Option(
            names = {"-a", "--attribute"},
            paramLabel = "NAME=VALUE",
            description = "A further attribute (header).")
    List<String> attributes = List.of();

    @Option(names = "--count", paramLabel = "N", description = "How often to publish it. Default: 1.")
    int count = 1;

    @Option(names = "--rate", paramLabel = "N", description = "How many a second at most. Default: no limit.")
    double rate;

    @Option(names = "--lines", description = "Publish each line of stdin as an event.")
    boolean lines;

    @Option(names = "--template", description = "Replace {{count}}, {{time}} and {{uuid}} in DATA.")
    boolean template;

    @Option(
            names = "--require-receivers",
            paramLabel = "N",
            description = "Exit with 77 if an event has fewer receivers.")
    int required;

    private long published;
    private long fewest = Long.MAX_VALUE;
    private final Deque<CompletableFuture<Long>> unanswered = new ArrayDeque<>();

    @Override
    public Integer call() throws Exception {
        if (lines == (data != null)) {
            throw new Failures.UsageException("Give DATA, or --lines; one of the two");
        }
        if (count < 1 || rate < 0) {
            throw new Failures.UsageException("--count must be at least 1, and --rate not negative");
        }
        Map<String, String> headers = new LinkedHashMap<>();
        for (String attribute : attributes) {
            Map.Entry<String, String> pair = Input.pair(attribute);
            headers.put(pair.getKey(), pair.getValue());
        }
        String text = data == null || data.equals("-") || data.startsWith("@") || !template ? "" : data;
        JsonNode fixed = data == null || !text.isEmpty()
                ? null
                : Input.value(data, omnibus().terminal());
        String pattern = fixed == null ? text : Output.compact(fixed);
        JsonNode first = fixed != null ? fixed : lines ? null : Input.json(filled(pattern, 1), "DATA");
        Topic<JsonNode> to = Topic.of(topic, JsonNode.class);
        Topic<JsonNode> typed = type == null ? to : to.withEventType(type);
        long began = System.nanoTime();
        try (Bus bus = connect()) {
            if (lines) {
                BufferedReader in = Input.lines("-", omnibus().terminal());
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    if (!line.isBlank()) {
                        JsonNode value = Input.json(template ? filled(line, sent() + 1) : line, "line " + (sent() + 1));
                        publish(bus, typed, value, headers, began);
                    }
                }
            } else {
                for (int i = 1; i <= count; i++) {
                    JsonNode value = template ? Input.json(filled(pattern, i), "DATA") : first;
                    publish(bus, typed, Objects.requireNonNull(value), headers, began);
                }
            }
            while (!unanswered.isEmpty()) {
                settle();
            }
        }
        long receivers = published == 0 ? 0 : fewest;
        ObjectNode result = Output.object()
                .put("ok", receivers >= required)
                .put("topic", topic)
                .put("published", published)
                .put("receivers", receivers);
        out().element(result, topic + ": " + published + " published, " + receivers + " receivers");
        return receivers >= required ? ExitCode.OK : ExitCode.TOO_FEW;
    }

    private long sent() {
        return published + unanswered.size();
    }

    private void publish(Bus bus, Topic<JsonNode> to, JsonNode value, Map<String, String> headers, long began)
            throws Exception {
        if (rate > 0) {
            long due = began + (long) (sent() / rate * 1e9);
            long wait = due - System.nanoTime();
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
        }
        unanswered.add(bus.publish(to, value, headers));
        if (unanswered.size() >= MAX_UNANSWERED) {
            settle();
        }
    }

    private void settle() throws Exception {
        fewest = Math.min(fewest, await(unanswered.remove()));
        published++;
    }

    private static String filled(String pattern, long number) {
        return pattern.replace("{{count}}", Long.toString(number))
                .replace("{{time}}", Instant.now().toString())
                .replace("{{uuid}}", UUID.randomUUID().toString());
    }
}
