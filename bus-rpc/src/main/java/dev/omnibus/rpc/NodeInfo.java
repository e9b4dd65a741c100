package dev.omnibus.rpc;

import dev.omnibus.internal.presence.Presence;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What a node says of itself: its manifest. Immutable. Nodes of other makers may leave out everything but their id and
 * their services.
 *
 * @param node its id: the application's name and a random part, new with each start
 * @param application the name of the program; empty if not said
 * @param host where it runs; empty if not said
 * @param pid its process; 0 if not said
 * @param version of the program; empty if not said
 * @param started when the node came into being; {@link Instant#EPOCH} if not said
 * @param draining whether it asks not to be called any more
 * @param revision goes up whenever the node says something new
 * @param services what it serves: service to method to the method's shape, which is empty if not said
 */
public record NodeInfo(
        String node,
        String application,
        String host,
        long pid,
        String version,
        Instant started,
        boolean draining,
        long revision,
        Map<String, Map<String, String>> services) {

    /**
     * Copies the services.
     *
     * @param node its id
     * @param application the name of the program
     * @param host where it runs
     * @param pid its process
     * @param version of the program
     * @param started when the node came into being
     * @param draining whether it asks not to be called any more
     * @param revision goes up whenever the node says something new
     * @param services service to method to shape
     * @throws NullPointerException if anything is null
     */
    public NodeInfo {
        Objects.requireNonNull(node, "node");
        Objects.requireNonNull(application, "application");
        Objects.requireNonNull(host, "host");
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(started, "started");
        Map<String, Map<String, String>> copy = new LinkedHashMap<>();
        services.forEach(
                (service, methods) -> copy.put(service, Collections.unmodifiableMap(new LinkedHashMap<>(methods))));
        services = Collections.unmodifiableMap(copy);
    }

    /**
     * Whether the node serves anything. Every node is listed, unless its program does not want that; one that only
     * publishes, subscribes or calls serves nothing but the methods that the protocol reserves, {@code rpc.…}.
     *
     * @return false if it has no service of its own
     */
    public boolean isServing() {
        return services.keySet().stream().anyMatch(service -> !service.equals(Presence.RESERVED));
    }

    /**
     * Whether the node serves a method.
     *
     * @param method {@code service.method}
     * @return true if it does
     */
    public boolean serves(String method) {
        int dot = method.lastIndexOf('.');
        return dot > 0
                && services.getOrDefault(method.substring(0, dot), Map.of()).containsKey(method.substring(dot + 1));
    }

    /**
     * The parameters and the result of a method, as this node has it: for instance {@code (sku: string): integer}.
     *
     * @param method {@code service.method}
     * @return its shape; empty if the node does not say it, or does not serve the method
     */
    public String shape(String method) {
        int dot = method.lastIndexOf('.');
        return dot < 1
                ? ""
                : services.getOrDefault(method.substring(0, dot), Map.of()).getOrDefault(method.substring(dot + 1), "");
    }
}
