package dev.omnibus.rpc;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Arguments by name, for a call that is made by name: {@code client.call("stock.left", Integer.class,
 * NamedParams.of(Map.of("sku", "sku-1")))}. Immutable.
 *
 * @param values the arguments by the names of their parameters
 */
public record NamedParams(Map<String, ?> values) {

    /**
     * Copies the arguments.
     *
     * @param values the arguments by the names of their parameters; they may be null
     */
    public NamedParams {
        values = Collections.unmodifiableMap(new LinkedHashMap<String, Object>(values));
    }

    /**
     * Arguments by name.
     *
     * @param values the arguments by the names of their parameters; they may be null
     * @return the only argument of such a call
     */
    public static NamedParams of(Map<String, ?> values) {
        return new NamedParams(values);
    }
}
