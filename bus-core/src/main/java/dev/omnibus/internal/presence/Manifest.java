package dev.omnibus.internal.presence;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.transport.LeaseUpdate;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;

/**
 * A manifest: what a node says of itself in its lease, and how it is written. The mapper is not that of the program,
 * which may write names and times differently. Immutable.
 *
 * @param node its id
 * @param application the name of the program
 * @param host where it runs
 * @param pid its process
 * @param version of the program
 * @param started when the node came into being
 * @param draining whether it asks not to be called any more
 * @param revision goes up whenever the node says something new
 * @param services what it serves: service to method to signature
 */
public record Manifest(
        String node,
        String application,
        String host,
        long pid,
        String version,
        Instant started,
        boolean draining,
        long revision,
        Map<String, Map<String, String>> services) {

    /** The services and methods of a node. */
    public static final int MAX_METHODS = 10_000;

    /** Present and true if the node is called on sharded channels. */
    public static final String SHARDED = "sharded";

    private static final ObjectMapper JSON = JsonMapper.builder().build();

    /** As JSON. */
    public ObjectNode tree() {
        ObjectNode tree = JSON.createObjectNode()
                .put("node", node)
                .put("application", application)
                .put("host", host)
                .put("pid", pid)
                .put("version", version)
                .put("started", started.toString())
                .put("draining", draining)
                .put("revision", revision);
        ObjectNode all = tree.putObject("services");
        services.forEach((service, methods) -> {
            ObjectNode signatures = all.putObject(service);
            methods.forEach(signatures::put);
        });
        return tree;
    }

    /** As it is written. */
    public byte[] bytes(boolean sharded) {
        ObjectNode tree = tree();
        if (sharded) {
            tree.put(SHARDED, true);
        }
        try {
            return JSON.writeValueAsBytes(tree);
        } catch (IOException e) {
            throw new IllegalStateException("Our own manifest can always be written", e);
        }
    }

    /** Why no process would read it; empty if every one would. */
    String problem() {
        int size = services.values().stream()
                .mapToInt(methods -> 1 + methods.size())
                .sum();
        if (size > MAX_METHODS) {
            return size + " services and methods; a node may announce " + MAX_METHODS;
        }
        int bytes = bytes(true).length;
        return bytes > LeaseUpdate.MAX_VALUE_BYTES
                ? bytes + " bytes of names and shapes; a node may announce " + LeaseUpdate.MAX_VALUE_BYTES
                : "";
    }
}
