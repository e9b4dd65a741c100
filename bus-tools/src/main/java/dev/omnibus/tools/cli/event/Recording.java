package dev.omnibus.tools.cli.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Terminal;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A reader of what {@code sub}, {@code log} and {@code watch} have written with {@code --json}, line by line. */
final class Recording implements Closeable {

    /** What a line has recorded. */
    enum Kind {
        EVENT,
        CALL,
        BROADCAST,
        ONE_WAY,
        /** What nobody can send again: nodes that came and went, messages that violate the protocol. */
        OTHER
    }

    /**
     * A line.
     *
     * @param kind what it is
     * @param at when it was published or seen
     * @param name the topic or the method
     * @param type the type of an event; empty for others
     * @param headers those of the program that sent it
     * @param content the data of an event, or the params of a call
     */
    record Line(Kind kind, Instant at, String name, String type, Map<String, String> headers, JsonNode content) {}

    /** What CloudEvents, and the bus, have in an envelope beside the headers. */
    private static final Set<String> ENVELOPE =
            Set.of("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence", "data");

    private final BufferedReader lines;
    private final String name;
    private long number;

    private Recording(BufferedReader lines, String name) {
        this.lines = lines;
        this.name = name;
    }

    /** Opens a file, or stdin. */
    static Recording open(String file, Terminal terminal) {
        return new Recording(Input.lines(file, terminal), file.equals("-") ? "stdin" : file);
    }

    /**
     * The next line; null at the end. What is behind the last whole line, as of a program that was ended, is refused.
     */
    @Nullable
    Line next() throws IOException {
        String text = lines.readLine();
        while (text != null && text.isBlank()) {
            number++;
            text = lines.readLine();
        }
        if (text == null) {
            return null;
        }
        number++;
        String where = "line " + number + " of " + name;
        JsonNode line = Input.json(text, where);
        try {
            return line.has("kind") ? seen(line) : event(line, line.path("time"), line.path("topic"));
        } catch (DateTimeException | IllegalArgumentException e) {
            throw new Failures.UsageException(
                    where + " is nothing that omnibus sub, log or watch write with --json: " + e.getMessage(), e);
        }
    }

    private static Line seen(JsonNode line) {
        JsonNode message = line.path("message");
        Instant at = Instant.parse(line.path("at").asText());
        String name = line.path("name").asText();
        return switch (line.path("kind").asText()) {
            case "EVENT" -> event(message, line.path("at"), line.path("name"));
            case "CALL" -> call(Kind.CALL, at, name, message);
            case "BROADCAST" -> call(Kind.BROADCAST, at, name, message);
            case "REQUEST" -> call(Kind.ONE_WAY, at, name, message);
            default -> new Line(Kind.OTHER, at, name, "", Map.of(), message);
        };
    }

    private static Line call(Kind kind, Instant at, String method, JsonNode message) {
        JsonNode params = message.path("params");
        return new Line(
                kind,
                at,
                method,
                "",
                texts(message.path("meta").path("headers"), Set.of()),
                params.isMissingNode() ? JsonNodeFactory.instance.arrayNode() : params);
    }

    /** An event, as a program gets it or as it is on the wire: the names of what is needed are the same. */
    private static Line event(JsonNode event, JsonNode time, JsonNode topic) {
        if (!topic.isTextual() || !event.has("data")) {
            throw new IllegalArgumentException("it has no topic, or no data");
        }
        Map<String, String> headers = event.has("headers")
                ? texts(event.path("headers"), Set.of())
                : event.has("specversion") ? texts(event, ENVELOPE) : Map.of();
        return new Line(
                Kind.EVENT,
                Instant.parse(time.asText()),
                topic.textValue(),
                event.path("type").asText(),
                headers,
                event.path("data"));
    }

    private static Map<String, String> texts(JsonNode object, Set<String> without) {
        Map<String, String> texts = new LinkedHashMap<>();
        object.properties().forEach(entry -> {
            if (!without.contains(entry.getKey()) && entry.getValue().isValueNode()) {
                texts.put(entry.getKey(), entry.getValue().asText());
            }
        });
        return texts;
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
