package dev.omnibus.rpc.internal.directory;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.bus.BusStats;
import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.internal.event.EventSubscription;
import dev.omnibus.internal.event.Events;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.NodeStats;
import dev.omnibus.rpc.NodeStats.Method;
import dev.omnibus.rpc.NodeStats.Subscription;
import dev.omnibus.rpc.RpcException.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The codec of what a node reports of itself, and the gathering of it. Thread-safe. */
public final class NodeReport {

    /** By name, of each kind. */
    static final int MAX_NAMED = 200;

    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES) // of newer nodes
            .build();

    private final Bus bus;
    private final Events events;
    private final Presence presence;
    private volatile Supplier<Map<String, Method>> methods = Map::of;

    NodeReport(BusRuntime bus, Presence presence) {
        this.bus = bus.bus();
        this.events = Events.of(bus);
        this.presence = presence;
    }

    void methods(Supplier<Map<String, Method>> served) {
        methods = served;
    }

    /** The answer to {@code rpc.ping}. */
    ObjectNode pong() {
        return JSON.createObjectNode()
                .put("node", bus.node())
                .put("state", bus.state().name());
    }

    /** The answer to {@code rpc.stats}. */
    ObjectNode stats() {
        ObjectNode tree = pong();
        tree.put("uptime", presence.uptime().toMillis());
        tree.set("bus", JSON.valueToTree(bus.stats()));
        ObjectNode published = tree.putObject("published");
        new TreeMap<>(events.published()).forEach(published::put);
        ArrayNode subscriptions = tree.putArray("subscriptions");
        subscriptions().forEach(one -> subscriptions.add(JSON.valueToTree(one)));
        ObjectNode served = tree.putObject("methods");
        bounded(methods.get()).forEach((name, method) -> served.set(name, tree(method)));
        return tree;
    }

    private List<Subscription> subscriptions() {
        List<Subscription> all = new ArrayList<>();
        for (EventSubscription<?> open : events.open()) {
            SubscriptionStats stats = open.stats();
            Subscription one = new Subscription(
                    open.topic(), stats.received(), stats.handled(), stats.failed(), stats.dropped(), stats.waiting());
            if (all.size() < MAX_NAMED) {
                all.add(one);
            } else if (all.size() == MAX_NAMED) {
                all.add(new Subscription(
                        NodeStats.OTHER, one.received(), one.handled(), one.failed(), one.dropped(), one.waiting()));
            } else {
                Subscription sum = all.get(MAX_NAMED);
                all.set(
                        MAX_NAMED,
                        new Subscription(
                                NodeStats.OTHER,
                                sum.received() + one.received(),
                                sum.handled() + one.handled(),
                                sum.failed() + one.failed(),
                                sum.dropped() + one.dropped(),
                                sum.waiting() + one.waiting()));
            }
        }
        return all;
    }

    /** Those that are called most by name, and the others together. */
    private static Map<String, Method> bounded(Map<String, Method> all) {
        if (all.size() <= MAX_NAMED) {
            return new TreeMap<>(all);
        }
        Map<String, Method> named = new TreeMap<>();
        List<Method> others = new ArrayList<>();
        all.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, Method> method) ->
                                -method.getValue().calls())
                        .thenComparing(Map.Entry::getKey))
                .forEach(method -> {
                    if (named.size() < MAX_NAMED) {
                        named.put(method.getKey(), method.getValue());
                    } else {
                        others.add(method.getValue());
                    }
                });
        named.put(NodeStats.OTHER, sum(others));
        return named;
    }

    /** Without quantiles, which cannot be added up. */
    private static Method sum(List<Method> all) {
        Map<Reason, Long> failed = new EnumMap<>(Reason.class);
        all.forEach(one -> one.failed().forEach((reason, calls) -> failed.merge(reason, calls, Long::sum)));
        return new Method(
                all.stream().mapToLong(Method::calls).sum(),
                failed,
                all.stream().mapToInt(Method::running).sum(),
                all.stream().mapToInt(Method::waiting).sum(),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                all.stream().map(Method::max).max(Comparator.naturalOrder()).orElse(Duration.ZERO));
    }

    private static ObjectNode tree(Method method) {
        ObjectNode tree = JSON.createObjectNode().put("calls", method.calls());
        ObjectNode failed = tree.putObject("failed");
        new TreeMap<>(method.failed()).forEach((reason, calls) -> failed.put(reason.name(), calls));
        return tree.put("running", method.running())
                .put("waiting", method.waiting())
                .put("p50", micros(method.p50()))
                .put("p95", micros(method.p95()))
                .put("p99", micros(method.p99()))
                .put("max", micros(method.max()));
    }

    private static long micros(Duration time) {
        return time.toNanos() / 1_000;
    }

    /**
     * Reads the answer to {@code rpc.stats}. What a node of another maker leaves out is zero.
     *
     * @param node which was asked
     * @throws IOException if it is none
     */
    public static NodeStats read(String node, JsonNode tree) throws IOException {
        if (!tree.isObject()) {
            throw new IOException("it is no object");
        }
        Map<String, Long> published = new LinkedHashMap<>();
        tree.path("published")
                .properties()
                .forEach(topic -> published.put(topic.getKey(), topic.getValue().asLong()));
        List<Subscription> subscriptions = new ArrayList<>();
        for (JsonNode one : tree.path("subscriptions")) {
            subscriptions.add(new Subscription(
                    one.path("topic").asText(),
                    one.path("received").asLong(),
                    one.path("handled").asLong(),
                    one.path("failed").asLong(),
                    one.path("dropped").asLong(),
                    one.path("waiting").asInt()));
        }
        Map<String, Method> methods = new LinkedHashMap<>();
        tree.path("methods").properties().forEach(method -> methods.put(method.getKey(), method(method.getValue())));
        JsonNode bus = tree.path("bus");
        return new NodeStats(
                node,
                Duration.ofMillis(tree.path("uptime").asLong()),
                state(tree.path("state").asText()),
                JSON.treeToValue(bus.isObject() ? bus : JSON.createObjectNode(), BusStats.class),
                published,
                subscriptions,
                methods);
    }

    private static Method method(JsonNode tree) {
        Map<Reason, Long> failed = new EnumMap<>(Reason.class);
        for (Reason reason : Reason.values()) {
            long calls = tree.path("failed").path(reason.name()).asLong();
            if (calls > 0) {
                failed.put(reason, calls);
            }
        }
        return new Method(
                tree.path("calls").asLong(),
                failed,
                tree.path("running").asInt(),
                tree.path("waiting").asInt(),
                time(tree.path("p50")),
                time(tree.path("p95")),
                time(tree.path("p99")),
                time(tree.path("max")));
    }

    private static Duration time(JsonNode micros) {
        return Duration.ofNanos(Math.min(Math.max(0, micros.asLong()), Long.MAX_VALUE / 1_000) * 1_000);
    }

    /** One that answers is up, unless it says something else. */
    private static BusState state(String name) {
        for (BusState state : BusState.values()) {
            if (state.name().equals(name)) {
                return state;
            }
        }
        return BusState.UP;
    }
}
