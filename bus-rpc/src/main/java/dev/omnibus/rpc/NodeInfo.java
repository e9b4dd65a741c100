package dev.omnibus.rpc;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a node says of itself. Immutable.
 *
 * @param node its id: the name that it was given and a random part, new with each start
 * @param services the methods that it serves, by service
 */
public record NodeInfo(String node, Map<String, List<String>> services) {

    /**
     * Copies the services.
     *
     * @param node its id
     * @param services the methods that it serves, by service
     * @throws NullPointerException if anything is null
     */
    public NodeInfo {
        Objects.requireNonNull(node, "node");
        Map<String, List<String>> copy = new LinkedHashMap<>();
        services.forEach((service, methods) -> copy.put(service, List.copyOf(methods)));
        services = Collections.unmodifiableMap(copy);
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
                && services.getOrDefault(method.substring(0, dot), List.of()).contains(method.substring(dot + 1));
    }
}
