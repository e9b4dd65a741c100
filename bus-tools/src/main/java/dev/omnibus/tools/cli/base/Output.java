package dev.omnibus.tools.cli.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A writer of what commands find out: for people as lines and tables, with {@code --json} for programs. Both come from
 * the same objects, so neither has what the other lacks. Data goes to stdout, everything else to stderr.
 */
public final class Output {

    /** The reader of a pipe has gone, as {@code head} does: nothing is left to do. */
    public static final class PipeClosed extends RuntimeException {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BOLD = "\u001b[1m";
    private static final String RED = "\u001b[31m";
    private static final String OFF = "\u001b[0m";

    private final PrintStream out;
    private final PrintStream err;
    private final boolean json;
    private final boolean raw;
    private final boolean quiet;
    private final boolean colored;

    Output(Terminal terminal, boolean json, boolean raw, boolean quiet, boolean colored) {
        this.out = terminal.out();
        this.err = terminal.err();
        this.json = json;
        this.raw = raw;
        this.quiet = quiet;
        this.colored = colored;
    }

    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    public static ArrayNode array(Iterable<String> texts) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        texts.forEach(array::add);
        return array;
    }

    public static String compact(JsonNode value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A tree can always be written", e);
        }
    }

    static String pretty(JsonNode value) {
        return value.isContainerNode() ? value.toPrettyString() : compact(value);
    }

    public boolean isJson() {
        return json;
    }

    public boolean isRaw() {
        return raw;
    }

    /** One line of data. */
    public synchronized void line(String text) {
        out.println(text);
        flush();
    }

    /** One element of a stream: an object on a line of its own, or a line for people. */
    public void element(ObjectNode element, String text) {
        line(json ? compact(element) : text);
    }

    /** The result of a command: an object, or what is written for people, or the bare value. */
    public void value(ObjectNode whole, JsonNode value) {
        if (json) {
            line(compact(whole));
        } else {
            line(raw && value.isTextual() ? value.textValue() : raw ? compact(value) : pretty(value));
        }
    }

    /** One thing with its properties. */
    public void properties(ObjectNode properties) {
        if (json) {
            line(compact(properties));
            return;
        }
        int width = 0;
        for (Map.Entry<String, JsonNode> property : properties.properties()) {
            width = Math.max(width, property.getKey().length());
        }
        for (Map.Entry<String, JsonNode> property : properties.properties()) {
            line(pad(property.getKey(), width) + "  " + cell(property.getValue()));
        }
    }

    /** Several things of one kind. All columns of the table are members of the objects. */
    public void table(String name, List<ObjectNode> rows) {
        if (json) {
            ObjectNode whole = object();
            whole.putArray(name).addAll(rows);
            line(compact(whole));
            return;
        }
        if (rows.isEmpty()) {
            note("no " + name);
            return;
        }
        Map<String, Integer> widths = new LinkedHashMap<>();
        for (ObjectNode row : rows) {
            row.properties()
                    .forEach(member -> widths.merge(
                            member.getKey(),
                            Math.max(
                                    heading(member.getKey()).length(),
                                    cell(member.getValue()).length()),
                            Math::max));
        }
        List<String> columns = new ArrayList<>(widths.keySet());
        if (!raw) {
            line(emphasized(row(columns, widths, Output::heading)));
        }
        for (ObjectNode row : rows) {
            line(row(columns, widths, column -> cell(row.path(column))));
        }
    }

    private static String row(List<String> columns, Map<String, Integer> widths, UnaryOperator<String> cell) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < columns.size(); i++) {
            String text = cell.apply(columns.get(i));
            boolean last = i == columns.size() - 1;
            line.append(last ? text : pad(text, widths.getOrDefault(columns.get(i), 0) + 2));
        }
        return line.toString().stripTrailing();
    }

    /** A heading as people write it: {@code p99Ms} is {@code P99 MS}. */
    private static String heading(String member) {
        return member.replaceAll("([a-z0-9])([A-Z])", "$1 $2").toUpperCase(Locale.ROOT);
    }

    private static String cell(JsonNode value) {
        if (value.isArray()) {
            List<String> texts = new ArrayList<>();
            value.forEach(element -> texts.add(cell(element)));
            return String.join(", ", texts);
        }
        return value.isMissingNode() || value.isNull() ? "" : value.isTextual() ? value.textValue() : compact(value);
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }

    /** Something for people, unless they want quiet. */
    public void note(String text) {
        if (!quiet) {
            problem(text);
        }
    }

    /** Something for people, whatever they want. */
    public synchronized void problem(String text) {
        err.println(text);
        err.flush();
    }

    String emphasized(String text) {
        return colored ? BOLD + text + OFF : text;
    }

    public String alarming(String text) {
        return colored ? RED + text + OFF : text;
    }

    private void flush() {
        out.flush();
        if (out.checkError()) {
            throw new PipeClosed();
        }
    }
}
