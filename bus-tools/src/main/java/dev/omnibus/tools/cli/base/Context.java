package dev.omnibus.tools.cli.base;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.transport.redisson.connection.RedisUri;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/**
 * A named place to connect to, as it is kept in a file that only its owner can read.
 *
 * @param name what it is called
 * @param values its entries: {@code url}, {@code user}, {@code password}, {@code passwordCommand}, {@code prefix},
 *     {@code node}, {@code timeout}, {@code redisson}, {@code description}
 */
public record Context(String name, ObjectNode values) {

    private static final List<String> KEYS = List.of(
            "url", "user", "password", "passwordCommand", "prefix", "node", "timeout", "redisson", "description");

    /** Reads what somebody may have written by hand. */
    public static Context parse(String name, String text) {
        if (Input.json(text, "it") instanceof ObjectNode values) {
            return new Context(name, values).checked();
        }
        throw new Failures.UsageException("it is no object");
    }

    /** The same, if it has what it needs and nothing that would be overlooked. */
    public Context checked() {
        for (Map.Entry<String, JsonNode> entry : values.properties()) {
            if (!KEYS.contains(entry.getKey()) || !entry.getValue().isTextual()) {
                throw new Failures.UsageException(
                        "'" + entry.getKey() + "' is not one of the texts " + String.join(", ", KEYS));
            }
        }
        try {
            RedisUri address = RedisUri.parse(text("url"));
            if (address.password() != null) {
                throw new Failures.UsageException("the url has a password in it; that is an entry of its own");
            }
        } catch (IllegalArgumentException e) {
            throw new Failures.UsageException(String.valueOf(e.getMessage()), e);
        }
        String timeout = text("timeout");
        try {
            Duration unused = timeout.isEmpty() ? Duration.ZERO : new Durations().convert(timeout);
        } catch (CommandLine.TypeConversionException e) {
            throw new Failures.UsageException("the timeout " + e.getMessage(), e);
        }
        return this;
    }

    public String text(String key) {
        return values.path(key).asText("");
    }

    /** The same without the password. */
    public ObjectNode shown() {
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
