package dev.omnibus.rpc.internal.contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.rpc.internal.contract.Contract.Operation;
import dev.omnibus.rpc.internal.wire.WireBytes;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The canonical signature of a method: its parameters and its result as one line, such as {@code (sku: string):
 * integer}. Two sides with the same line write and read the same JSON. A line that is too long for a manifest ends with
 * a hash of the rest.
 */
public final class MethodSignature {

    private static final int MAX_LENGTH = 240;
    private static final int HASH_BYTES = 8;

    private final JsonNode shared;
    private final Set<String> inside = new TreeSet<>();

    private MethodSignature(JsonNode shared) {
        this.shared = shared;
    }

    /** The signatures of some methods, by their names without the service. */
    public static Map<String, String> of(Collection<Operation> operations, ObjectMapper json) {
        Schemas schemas = new Schemas(json);
        Map<Operation, JsonNode> results = new LinkedHashMap<>();
        Map<Operation, List<JsonNode>> parameters = new LinkedHashMap<>();
        for (Operation operation : operations) {
            results.put(operation, schemas.of(operation.result()));
            List<JsonNode> taken = new ArrayList<>();
            for (Type type : operation.parameters()) {
                taken.add(schemas.of(type));
            }
            parameters.put(operation, taken);
        }
        JsonNode shared = schemas.shared();
        Map<String, String> shapes = new TreeMap<>();
        results.forEach((operation, result) -> shapes.put(
                operation.method().getName(),
                line(names(operation), parameters.getOrDefault(operation, List.of()), result, shared)));
        return shapes;
    }

    /** The parameters' names, or their numbers in a contract that was compiled without the names. */
    static List<String> names(Operation operation) {
        List<String> names = new ArrayList<>(operation.parameterNames());
        for (int i = names.size(); i < operation.method().getParameterCount(); i++) {
            names.add(String.valueOf(i + 1));
        }
        return names;
    }

    static String line(List<String> names, List<JsonNode> parameters, JsonNode result, JsonNode shared) {
        MethodSignature shape = new MethodSignature(shared);
        List<String> taken = new ArrayList<>();
        for (int i = 0; i < parameters.size(); i++) {
            taken.add(names.get(i) + ": " + shape.text(parameters.get(i)));
        }
        String line = "(" + String.join(", ", taken) + "): " + shape.text(result);
        String printable = line.replaceAll("[^ -~]", "?");
        return line.equals(printable) && line.length() <= MAX_LENGTH
                ? line
                : printable.substring(0, Math.min(printable.length(), MAX_LENGTH - 2 * HASH_BYTES - 2)) + " #"
                        + WireBytes.sha256(line, HASH_BYTES);
    }

    private String text(JsonNode schema) {
        String name = Schemas.name(schema);
        if (name.isEmpty()) {
            return plain(schema);
        }
        if (!inside.add(name)) {
            return name; // a type that contains itself
        }
        try {
            return plain(Schemas.target(schema, shared));
        } finally {
            inside.remove(name);
        }
    }

    private String plain(JsonNode schema) {
        for (String several : List.of("anyOf", "oneOf", "allOf")) {
            if (schema.has(several)) {
                return joined(schema.path(several).valueStream().map(this::text).toList());
            }
        }
        if (schema.has("enum")) {
            return joined(
                    schema.path("enum").valueStream().map(JsonNode::toString).toList());
        }
        if (schema.path("type").isArray()) {
            return joined(schema.path("type")
                    .valueStream()
                    .map(type -> typed(type.asText(), schema))
                    .toList());
        }
        return typed(schema.path("type").asText("any"), schema);
    }

    private static String joined(List<String> alternatives) {
        return alternatives.stream().distinct().collect(Collectors.joining("|"));
    }

    private String typed(String type, JsonNode schema) {
        return switch (type) {
            case "array" -> "[" + (schema.has("items") ? text(schema.path("items")) : "any") + "]";
            case "object" -> object(schema);
            case "string" -> schema.has("format") ? schema.path("format").asText() : type;
            default -> type; // int and long are written in the same way
        };
    }

    private String object(JsonNode schema) {
        List<String> members = new ArrayList<>();
        schema.path("properties").properties().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(property -> members.add(property.getKey() + ": " + text(property.getValue())));
        if (schema.path("additionalProperties").isObject()) {
            members.add("*: " + text(schema.path("additionalProperties")));
        }
        return "{" + String.join(", ", members) + "}";
    }
}
