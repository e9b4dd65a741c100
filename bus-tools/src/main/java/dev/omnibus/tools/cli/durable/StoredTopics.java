package dev.omnibus.tools.cli.durable;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.OmnibusCommand;
import dev.omnibus.tools.cli.base.RedisCommands;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds the durable topics that others have made, and opens them with the retention that stands in Redis. */
final class StoredTopics implements AutoCloseable {

    private static final String PAGE = "10";

    private final Bus bus;
    private final RedisCommands redis;
    private final ChannelNames names;

    private StoredTopics(Bus bus, RedisCommands redis, ChannelNames names) {
        this.bus = bus;
        this.redis = redis;
        this.names = names;
    }

    static StoredTopics open(OmnibusCommand omnibus) {
        Connection connection = omnibus.connection();
        RedisCommands redis = RedisCommands.open(connection);
        try {
            return new StoredTopics(omnibus.connect(), redis, new ChannelNames(connection.prefix()));
        } catch (RuntimeException e) {
            redis.close();
            throw e;
        }
    }

    /** All of them, by name; of a cluster those of the server that is asked. */
    List<String> names() {
        return redis.durableTopics(names);
    }

    DurableTopic<JsonNode> topic(String name) {
        Topic<JsonNode> topic = Topic.of(name, JsonNode.class);
        Map<String, String> settings = new HashMap<>();
        if (redis.run("HGETALL", names.stream(name).description()) instanceof List<?> pairs) {
            for (int i = 0; i + 1 < pairs.size(); i += 2) {
                settings.put(pairs.get(i).toString(), pairs.get(i + 1).toString());
            }
        }
        if (!settings.containsKey("epoch")) {
            throw new Failures.UsageException(
                    "There is no durable topic " + name + "; omnibus topics lists those that there are");
        }
        return DurableTopics.on(bus).topic(topic, retention(settings));
    }

    /** Where the last event is that followers get; redelivered dead letters behind it are for their group alone. */
    Position last(String name) {
        String end = "+";
        while (redis.run("XREVRANGE", names.log(name), end, "-", "COUNT", PAGE) instanceof List<?> entries
                && !entries.isEmpty()) {
            for (Object entry : entries) {
                if (entry instanceof List<?> parts && parts.get(1) instanceof List<?> fields) {
                    end = "(" + parts.get(0);
                    if (!isForOneGroup(fields)) {
                        return Position.parse(parts.get(0).toString());
                    }
                }
            }
        }
        return Position.EARLIEST;
    }

    private static boolean isForOneGroup(List<?> fields) {
        for (int i = 0; i < fields.size(); i += 2) {
            if ("g".equals(fields.get(i))) {
                return true;
            }
        }
        return false;
    }

    private static Retention retention(Map<String, String> settings) {
        String age = settings.getOrDefault("maxAge", "");
        String window = settings.get("opt.idWindow");
        return new Retention(
                Duration.ofMillis(number(settings, "keep")),
                age.isEmpty() ? Optional.empty() : Optional.of(Duration.ofMillis(number(settings, "maxAge"))),
                number(settings, "maxEntries"),
                number(settings, "maxBytes"),
                "DROP_OLDEST".equals(settings.get("whenFull")),
                window == null ? Retention.DEFAULT_ID_WINDOW : Duration.parse(window));
    }

    private static long number(Map<String, String> settings, String key) {
        String text = settings.getOrDefault(key, "");
        if (!text.matches("\\d{1,18}")) {
            throw new Failures.UsageException("The setting " + key + " of this topic is no number but '" + text + "'");
        }
        return Long.parseLong(text);
    }

    @Override
    public void close() {
        redis.close();
        bus.close();
    }
}
