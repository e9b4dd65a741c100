package dev.omnibus.tools.console;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.StreamStatus;
import dev.omnibus.transport.Streams;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * A reader of durable topics: how long each log is, how far its groups and followers have come. It opens none of them,
 * which would write to Redis; it only reads. Thread-safe.
 */
final class Durables implements AutoCloseable {

    private static final int MAX_TOPICS = 200;

    private final ChannelNames names;
    private final Streams streams;

    Durables(Bus bus) {
        BusRuntime runtime = BusRuntime.of(bus);
        names = runtime.channels().names();
        streams = runtime.channels().transport().streams();
    }

    /** Those of the topics that are durable, by name. */
    CompletableFuture<ArrayNode> of(Collection<String> topics) {
        List<CompletableFuture<Optional<ObjectNode>>> all = new ArrayList<>();
        new TreeSet<>(topics).stream().limit(MAX_TOPICS).forEach(topic -> all.add(of(topic)));
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> {
            ArrayNode found = JsonNodeFactory.instance.arrayNode();
            all.forEach(one -> one.join().ifPresent(found::add));
            return found;
        });
    }

    private CompletableFuture<Optional<ObjectNode>> of(String topic) {
        StreamKeys keys = names.stream(topic);
        return streams.describe(keys)
                .thenCompose(described -> described.isEmpty()
                        ? CompletableFuture.completedFuture(Optional.<ObjectNode>empty())
                        : streams.status(keys).thenApply(status -> Optional.of(json(topic, status))))
                .exceptionally(failure -> Optional.of(JsonNodeFactory.instance
                        .objectNode()
                        .put("topic", topic)
                        .put("problem", String.valueOf(failure.getMessage()))));
    }

    private static ObjectNode json(String topic, StreamStatus status) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("topic", topic)
                .put("entries", status.entries())
                .put("bytes", status.bytes())
                .put("fullAt", status.fullAt())
                .put("last", status.last().toString());
        ArrayNode groups = json.putArray("groups");
        new TreeMap<>(status.groups()).forEach((name, group) -> {
            ObjectNode one = groups.addObject().put("group", name);
            group.lag().ifPresent(lag -> one.put("lag", lag));
            one.put("pending", group.pending()).put("dead", group.deadLetters());
            group.oldest().ifPresent(oldest -> one.put("oldestMs", age(status, oldest)));
            ArrayNode nodes = one.putArray("nodes");
            new TreeMap<>(group.consumers()).forEach((node, alive) -> {
                if (alive) {
                    nodes.add(node);
                }
            });
        });
        ArrayNode followers = json.putArray("followers");
        new TreeMap<>(status.followers())
                .forEach((name, at) -> followers
                        .addObject()
                        .put("follower", name)
                        .put("behindMs", at.compareTo(status.last()) >= 0 ? 0 : age(status, at)));
        return json;
    }

    private static long age(StreamStatus status, StreamId at) {
        return Math.max(0, status.time() - at.millis());
    }

    @Override
    public void close() {
        streams.close();
    }
}
