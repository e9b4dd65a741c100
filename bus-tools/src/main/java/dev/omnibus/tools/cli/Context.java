package dev.omnibus.tools.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A named place to connect to, as it is kept in a file that only its owner can read.
 *
 * @param name what it is called
 * @param values its entries: {@code url}, {@code user}, {@code password}, {@code passwordCommand}, {@code prefix},
 *     {@code node}, {@code timeout}, {@code redisson}, {@code description}
 */
record Context(String name, ObjectNode values) {

    String text(String key) {
        return values.path(key).asText("");
    }

    /** The same without the password. */
    ObjectNode shown() {
        ObjectNode shown = Output.object().put("name", name);
        values.properties().forEach(entry -> {
            JsonNode value = entry.getValue();
            if (entry.getKey().equals("password")) {
                shown.put("password", "(hidden)");
            } else {
                shown.set(entry.getKey(), value);
            }
        });
        return shown;
    }
}
