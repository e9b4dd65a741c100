package dev.omnibus.rpc.internal.directory;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.presence.Manifest;
import dev.omnibus.rpc.NodeInfo;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The reader of {@linkplain Manifest manifests}, with a mapper of its own, because that of the program may read names
 * and times differently. What cannot be shown to people is left out.
 */
public final class Manifests {

    /** Rarely used, and for small texts: so Jackson may check for duplicate members. */
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final Pattern NODE_ID = Pattern.compile("[A-Za-z0-9_-]{1,512}");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,256}");
    private static final int PER_NAME = 120; // an entry of a map, and two strings
    private static final Pattern PRINTABLE = Pattern.compile("[ -~]{0,400}");

    private Manifests() {}

    /**
     * Reads a manifest.
     *
     * @throws IOException if it is none; the message says why
     */
    public static NodeInfo read(Message message) throws IOException {
        JsonNode tree;
        try {
            tree = JSON.readTree(message.bytes(), message.offset(), message.length());
        } catch (IOException e) {
            throw new IOException("it is not JSON that can be read", e);
        }
        String node = checked(tree.path("node").asText());
        return new NodeInfo(
                node,
                text(tree.path("application")),
                text(tree.path("host")),
                tree.path("pid").asLong(),
                text(tree.path("version")),
                instant(tree.path("started").asText()),
                tree.path("draining").asBoolean(),
                tree.path("revision").asLong(),
                services(tree.path("services")));
    }

    /**
     * The node of a manifest; the rest is not read.
     *
     * @throws IOException if it names no node
     */
    public static String node(Message message) throws IOException {
        return checked(member(message, "node", JsonToken.VALUE_STRING));
    }

    /**
     * Whether the node of a manifest listens on sharded channels; the rest is not read.
     *
     * @throws IOException if it cannot be read
     */
    static boolean isSharded(Message message) throws IOException {
        return !member(message, Manifest.SHARDED, JsonToken.VALUE_TRUE).isEmpty();
    }

    private static String member(Message message, String name, JsonToken kind) throws IOException {
        try (JsonParser parser = JSON.getFactory().createParser(message.bytes(), message.offset(), message.length())) {
            if (parser.nextToken() == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    boolean found = parser.currentName().equals(name);
                    JsonToken value = parser.nextToken();
                    if (found && value == kind) {
                        return parser.getText();
                    }
                    parser.skipChildren();
                }
            }
        } catch (JsonProcessingException e) { // whose message names classes
            throw new IOException("it is not JSON that can be read", e);
        }
        return "";
    }

    private static String checked(String node) throws IOException {
        if (!NODE_ID.matcher(node).matches()) {
            throw new IOException("it names no node");
        }
        return node;
    }

    private static Map<String, Map<String, String>> services(JsonNode tree) throws IOException {
        Map<String, Map<String, String>> services = new LinkedHashMap<>();
        int size = 0;
        for (Map.Entry<String, JsonNode> service : tree.properties()) {
            Map<String, String> methods = new LinkedHashMap<>();
            JsonNode listed = service.getValue();
            size += 1 + listed.size();
            if (size > Manifest.MAX_METHODS) {
                throw new IOException("it lists more than " + Manifest.MAX_METHODS + " services and methods");
            }
            listed.properties().forEach(method -> put(methods, method.getKey(), text(method.getValue())));
            if (listed.isArray()) { // only the names
                listed.forEach(method -> put(methods, method.asText(), ""));
            } else if (!listed.isObject()) {
                throw new IOException("its service " + services.size() + " is neither an object nor an array");
            }
            put(services, service.getKey(), methods);
        }
        return services;
    }

    /** Leaves out a name that cannot be called, because it would end up where names are shown. */
    private static <T> void put(Map<String, T> map, String name, T value) {
        if (NAME.matcher(name).matches()) {
            map.put(name, value);
        }
    }

    private static String text(JsonNode value) {
        return PRINTABLE.matcher(value.asText()).matches() ? value.asText() : "";
    }

    private static Instant instant(String text) {
        try {
            return text.isEmpty() ? Instant.EPOCH : Instant.parse(text);
        } catch (DateTimeException e) {
            return Instant.EPOCH;
        }
    }

    /** The memory that it takes, approximately. */
    static long weight(NodeInfo info) {
        long weight = 500L
                + info.node().length()
                + info.application().length()
                + info.host().length()
                + info.version().length();
        for (Map.Entry<String, Map<String, String>> service : info.services().entrySet()) {
            weight += PER_NAME + service.getKey().length();
            for (Map.Entry<String, String> method : service.getValue().entrySet()) {
                weight +=
                        PER_NAME + method.getKey().length() + method.getValue().length();
            }
        }
        return weight;
    }
}
