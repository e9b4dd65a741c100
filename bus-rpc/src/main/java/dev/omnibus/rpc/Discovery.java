package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.contract.OpenRpc;
import dev.omnibus.rpc.internal.contract.Schemas;
import dev.omnibus.rpc.internal.directory.NodeEndpoint;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * What all nodes together can be asked, and where they do not agree: the OpenRPC documents of all serving nodes,
 * merged. Immutable.
 */
public final class Discovery {

    /**
     * A method that has not the same shape everywhere, as happens while a new version is rolled out.
     *
     * @param method {@code service.method}
     * @param nodes the nodes by the shape that they have
     */
    public record Drift(String method, Map<String, List<String>> nodes) {

        /**
         * Copies the map.
         *
         * @param method {@code service.method}
         * @param nodes the nodes by shape
         */
        public Drift {
            nodes = Map.copyOf(nodes);
        }
    }

    /** A shape says more than none, and one that more nodes have says more than another. */
    private static final Comparator<Map.Entry<String, List<String>>> MAX_TELLING = Comparator.comparing(
                    (Map.Entry<String, List<String>> having) -> !having.getKey().isEmpty())
            .thenComparing(having -> having.getValue().size());

    private final Replies<JsonNode> replies;
    private final ObjectNode document;
    private final List<Drift> drift = new ArrayList<>();

    private Discovery(Replies<JsonNode> replies) {
        this.replies = replies;
        this.document = merge();
    }

    /**
     * Asks all nodes.
     *
     * @param bus the bus
     * @return completes with what they answer, after 5 seconds at most; fails with an {@link RpcException} if there is
     *     no serving node
     * @throws IllegalStateException if the bus is closed
     */
    public static CompletableFuture<Discovery> of(Bus bus) {
        ClientRuntime client = ClientRuntime.of(BusRuntime.of(bus));
        return new Broadcast<JsonNode>(client, client.methods().ofProtocol(NodeEndpoint.DISCOVER, JsonNode.class))
                .askAsync()
                .thenApply(Discovery::new);
    }

    /**
     * One OpenRPC document for all nodes. Of a method that they do not agree on, it has the shape that most of them
     * have, and {@code x-drift} says the others; {@code x-nodes} says who serves a method.
     *
     * @return a copy
     * @see <a href="https://spec.open-rpc.org/">OpenRPC</a>
     */
    public ObjectNode document() {
        return document.deepCopy();
    }

    /**
     * Where the nodes do not agree.
     *
     * @return the methods that have more than one shape, by name
     */
    public List<Drift> drift() {
        return Collections.unmodifiableList(drift);
    }

    /**
     * What each node answered, and who did not.
     *
     * @return the documents by node
     */
    public Replies<JsonNode> replies() {
        return replies;
    }

    private ObjectNode merge() {
        ObjectNode merged = JsonNodeFactory.instance.objectNode().put("openrpc", OpenRpc.VERSION);
        merged.putObject("info").put("title", "All nodes").put("version", "1");
        ArrayNode nodes = merged.putArray("x-nodes");
        new TreeSet<>(replies.byNode().keySet()).forEach(nodes::add);
        ArrayNode methods = merged.putArray("methods");
        ObjectNode schemas = merged.putObject("components").putObject("schemas");
        byMethod().forEach((name, shapes) -> methods.add(method(name, shapes, schemas)));
        return merged;
    }

    /** Method to shape to the nodes that have it. */
    private Map<String, Map<String, List<String>>> byMethod() {
        Map<String, Map<String, List<String>>> byMethod = new TreeMap<>();
        replies.byNode()
                .forEach((node, answer) -> answer.path("methods")
                        .forEach(method -> byMethod.computeIfAbsent(
                                        method.path("name").asText(), any -> new TreeMap<>())
                                .computeIfAbsent(method.path("x-shape").asText(), any -> new ArrayList<>())
                                .add(node)));
        return byMethod;
    }

    private ObjectNode method(String name, Map<String, List<String>> shapes, ObjectNode schemas) {
        List<String> most = Collections.max(shapes.entrySet(), MAX_TELLING).getValue();
        String model = Collections.min(most);
        JsonNode answer = replies.byNode().getOrDefault(model, JsonNodeFactory.instance.objectNode());
        ObjectNode method = JsonNodeFactory.instance.objectNode();
        answer.path("methods").forEach(candidate -> {
            if (candidate.path("name").asText().equals(name) && candidate instanceof ObjectNode found) {
                method.setAll(prefixed(
                        found.deepCopy(),
                        model,
                        schemas,
                        answer.path("components").path("schemas")));
            }
        });
        ArrayNode nodes = method.putArray("x-nodes");
        shapes.values().stream().flatMap(List::stream).sorted().forEach(nodes::add);
        if (shapes.keySet().stream().filter(shape -> !shape.isEmpty()).count() > 1) {
            Map<String, List<String>> differing = new LinkedHashMap<>();
            ObjectNode drifted = method.putObject("x-drift");
            shapes.forEach((shape, having) -> {
                differing.put(shape, List.copyOf(having));
                having.forEach(drifted.putArray(shape)::add);
            });
            drift.add(new Drift(name, differing));
        }
        return method;
    }

    /**
     * Takes the shared schemas of a node along; if another node has one of that name that differs, under both names.
     */
    private static ObjectNode prefixed(ObjectNode method, String node, ObjectNode schemas, JsonNode ofNode) {
        Map<String, String> renamed = new TreeMap<>();
        ofNode.properties().forEach(schema -> {
            JsonNode known = schemas.get(schema.getKey());
            if (known != null && !known.equals(schema.getValue())) {
                renamed.put(schema.getKey(), schema.getKey() + "-" + node);
            }
        });
        ofNode.properties().forEach(schema -> {
            JsonNode copy = schema.getValue().deepCopy();
            rename(copy, renamed);
            schemas.set(renamed.getOrDefault(schema.getKey(), schema.getKey()), copy);
        });
        rename(method, renamed);
        return method;
    }

    private static void rename(JsonNode in, Map<String, String> renamed) {
        if (in instanceof ObjectNode object && !Schemas.name(object).isEmpty()) {
            String name = Schemas.name(object);
            object.put("$ref", Schemas.reference(renamed.getOrDefault(name, name)));
        }
        in.forEach(child -> rename(child, renamed));
    }

    /** What was found, without the documents. */
    @Override
    public String toString() {
        return document.path("methods").size() + " methods on "
                + replies.byNode().size() + " nodes, " + drift.size() + " of them differ";
    }
}
