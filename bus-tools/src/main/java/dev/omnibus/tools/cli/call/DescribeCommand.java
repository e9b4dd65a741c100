package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.Discovery;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Output;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Says what a service or a method takes and gives. */
@Command(
        name = "describe",
        description = "Says what the methods of a service take and give, on which nodes, and how to call them.%n",
        footer = {"", "omnibus describe stock", "omnibus describe stock.left --json"})
public final class DescribeCommand extends Action {

    private static final int MAX_DEPTH = 6; // of an example: a type may have itself inside

    @Parameters(index = "0", paramLabel = "SERVICE|METHOD", description = "Which.")
    String what = "";

    @Override
    public Integer call() throws Exception {
        try (Bus bus = connect()) {
            ObjectNode document = await(Discovery.of(bus)).document();
            JsonNode schemas = document.path("components").path("schemas");
            List<ObjectNode> rows = new ArrayList<>();
            for (JsonNode method : document.path("methods")) {
                String name = method.path("name").asText();
                if (name.equals(what) || name.startsWith(what + ".")) {
                    rows.add(row(name, method, schemas));
                }
            }
            if (rows.isEmpty()) {
                throw new Failures.UsageException("No node serves " + what + "; omnibus services lists what is served");
            }
            if (out().isJson()) {
                out().table("methods", rows);
            } else {
                for (ObjectNode row : rows) {
                    out().properties(row);
                }
            }
            return ExitCode.OK;
        }
    }

    private static ObjectNode row(String name, JsonNode method, JsonNode schemas) {
        String shape = method.path("x-shape").asText();
        ObjectNode row = Output.object().put("method", name).put("shape", shape);
        row.set("nodes", method.path("x-nodes"));
        if (method.has("x-drift")) {
            List<String> differing = new ArrayList<>();
            method.path("x-drift")
                    .properties()
                    .forEach(one -> differing.add(one.getKey() + " on " + String.join(", ", texts(one.getValue()))));
            row.set("drift", Output.array(differing));
        }
        ObjectNode example = Output.object();
        method.path("params").forEach(param -> example.set(param.path("name").asText(), example(param, schemas)));
        row.put(
                "call",
                "omnibus call " + name
                        + (example.isEmpty()
                                ? ""
                                : " '" + Output.compact(example).replace("'", "'\\''") + "'"));
        return row;
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(one -> texts.add(one.asText()));
        return texts;
    }

    private static JsonNode example(JsonNode param, JsonNode schemas) {
        return value(param.path("schema"), schemas, MAX_DEPTH);
    }

    /** A value that a schema allows. */
    private static JsonNode value(JsonNode schema, JsonNode schemas, int depth) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        String reference = schema.path("$ref").asText();
        if (!reference.isEmpty()) {
            JsonNode shared = schemas.path(reference.substring(reference.lastIndexOf('/') + 1));
            return depth == 0 ? json.nullNode() : value(shared, schemas, depth - 1);
        }
        if (schema.has("enum")) {
            return schema.path("enum").path(0);
        }
        for (String choice : List.of("anyOf", "oneOf")) {
            if (schema.has(choice)) {
                return value(schema.path(choice).path(0), schemas, depth);
            }
        }
        JsonNode type = schema.path("type");
        return switch (type.isArray() ? type.path(0).asText() : type.asText()) {
            case "integer" -> json.numberNode(0);
            case "number" -> json.numberNode(0.5);
            case "boolean" -> json.booleanNode(true);
            case "array" ->
                depth == 0 ? json.arrayNode() : json.arrayNode().add(value(schema.path("items"), schemas, depth - 1));
            case "object" -> {
                ObjectNode object = json.objectNode();
                if (depth > 0) {
                    schema.path("properties")
                            .properties()
                            .forEach(one -> object.set(one.getKey(), value(one.getValue(), schemas, depth - 1)));
                }
                yield object;
            }
            case "string" ->
                json.textNode(schema.has("format") ? schema.path("format").asText() : "…");
            default -> json.nullNode();
        };
    }
}
