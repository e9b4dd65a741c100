package dev.omnibus.tools.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.PublishException;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Discovery;
import dev.omnibus.rpc.NamedParams;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.tools.console.Gatekeeper.Refused;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The answers to what a page asks once: services, durable topics, one message, calls. Thread-safe. */
final class Queries {

    private static final Logger LOG = LoggerFactory.getLogger(Console.class);
    private static final long SERVICES_AGE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final String STATS = "rpc.stats";
    private static final Duration STATS_TIMEOUT = Duration.ofSeconds(2);
    private static final int MAX_TIMEOUT_MILLIS = 60_000;

    private final Bus bus;
    private final ObjectMapper json;
    private final ConsoleOptions options;
    private final LiveFeed feed;
    private final Content content;

    private @Nullable CompletableFuture<ObjectNode> services; // guarded by this
    private long servicesAsked; // guarded by this
    private @Nullable CompletableFuture<ObjectNode> stats; // guarded by this
    private long statsAsked; // guarded by this

    Queries(Bus bus, ObjectMapper json, ConsoleOptions options, LiveFeed feed, Content content) {
        this.bus = bus;
        this.json = json;
        this.options = options;
        this.feed = feed;
        this.content = content;
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** What this console is and may do. */
    ObjectNode info() {
        ObjectNode info = object().put("node", bus.node())
                .put("state", bus.state().name())
                .put("bodies", options.bodies())
                .put("seesCalls", feed.seesCalls())
                .put("watching", feed.isWatching());
        options.calls().forEach(info.putArray("calls")::add);
        options.topics().forEach(info.putArray("topics")::add);
        options.masked().forEach(pointer -> info.withArray("masked").add(pointer.toString()));
        return info;
    }

    /** What all nodes together can be asked. Pages that ask at the same time get the same answer. */
    synchronized CompletableFuture<ObjectNode> services() {
        if (services == null || System.nanoTime() - servicesAsked > SERVICES_AGE_NANOS) {
            servicesAsked = System.nanoTime();
            services = Discovery.of(bus)
                    .thenApply(found -> {
                        ObjectNode answer = object();
                        answer.set("document", found.document());
                        new TreeSet<>(found.replies().missing().keySet()).forEach(answer.putArray("missing")::add);
                        return answer;
                    })
                    .exceptionally(failure -> {
                        ObjectNode none = object();
                        none.putObject("document").putArray("methods");
                        boolean nobody = unwrapped(failure) instanceof RpcException e
                                && e.reason() == RpcException.Reason.NO_SERVER;
                        return nobody
                                ? none
                                : none.put("problem", unwrapped(failure).getMessage());
                    });
        }
        return services;
    }

    /** What the nodes say of themselves, by node: those that can be asked. Pages share the answer. */
    synchronized CompletableFuture<ObjectNode> stats() {
        if (stats == null || System.nanoTime() - statsAsked > SERVICES_AGE_NANOS) {
            statsAsked = System.nanoTime();
            stats = askForStats();
        }
        return stats;
    }

    private CompletableFuture<ObjectNode> askForStats() {
        ClientRuntime client = ClientRuntime.of(BusRuntime.of(bus));
        RemoteMethod method = client.methods().ofProtocol(STATS, JsonNode.class);
        Map<String, CompletableFuture<JsonNode>> asked = new LinkedHashMap<>();
        for (String node : feed.serving(STATS)) {
            CallOptions how = CallOptions.defaults().withTimeout(STATS_TIMEOUT).onNode(node);
            asked.put(node, client.call(method, how, new Object[0]));
        }
        return CompletableFuture.allOf(asked.values().toArray(CompletableFuture[]::new))
                .handle((done, failure) -> {
                    ObjectNode answer = object();
                    asked.forEach((node, answered) -> {
                        if (!answered.isCompletedExceptionally()) {
                            answer.set(node, answered.join());
                        }
                    });
                    return answer;
                });
    }

    /** The points of the last minutes. */
    ObjectNode traffic() {
        ObjectNode answer = object();
        answer.putArray("points").addAll(feed.traffic().history());
        return answer;
    }

    /** Who is there, and when each was heard of last. */
    ObjectNode nodes() {
        ObjectNode answer = object().put("now", System.currentTimeMillis());
        answer.set("nodes", feed.nodes());
        ObjectNode heard = answer.putObject("heard");
        feed.traffic().heard().forEach(heard::put);
        return answer;
    }

    /** One message with its replies, as far as they may be shown. */
    ObjectNode message(long number) throws Refused {
        Traced traced = feed.message(number)
                .orElseThrow(() -> new Refused(404, "The message is not kept any more: only the last ones are"));
        ObjectNode answer = object();
        answer.put("channel", traced.seen.channel());
        traced.line(answer, content);
        content.whole(traced.seen, answer.putObject("whole"));
        ArrayNode replies = answer.putArray("replies");
        traced.answers()
                .forEach(one -> content.whole(
                        one.reply(),
                        replies.addObject()
                                .put("from", one.reply().from())
                                .put("code", one.reply().code())
                                .put("ms", Traced.millis(one.latency()))));
        return answer;
    }

    /** Calls a method at one node, or at all. */
    CompletableFuture<ObjectNode> call(JsonNode request) throws Refused {
        String method = request.path("method").asText();
        if (!options.mayCall(method)) {
            throw new Refused(
                    403, "This console may not call " + method + ": start it with --allow-call '" + method + "'");
        }
        int timeout = request.path("timeoutMs").asInt(5_000);
        if (timeout < 1 || timeout > MAX_TIMEOUT_MILLIS) {
            throw new Refused(400, "timeoutMs has to be between 1 and " + MAX_TIMEOUT_MILLIS);
        }
        CallOptions how = CallOptions.defaults().withTimeout(Duration.ofMillis(timeout));
        String node = request.path("node").asText("");
        Object[] params = arguments(request.path("params"));
        LOG.info("{} calls {} from the page", bus.node(), method);
        long begun = System.nanoTime();
        try {
            return request.path("all").asBoolean()
                    ? RpcClient.on(bus)
                            .broadcast(method, JsonNode.class, params)
                            .with(how)
                            .askAsync()
                            .thenApply(this::answers)
                            .exceptionally(failure -> failed(unwrapped(failure), begun))
                    : RpcClient.on(bus)
                            .call(method, JsonNode.class, node.isEmpty() ? how : how.onNode(node), params)
                            .thenApply(result -> answered(node, result, begun))
                            .exceptionally(failure -> failed(unwrapped(failure), begun));
        } catch (IllegalArgumentException e) { // no name of a method
            throw new Refused(400, String.valueOf(e.getMessage()));
        }
    }

    private static ObjectNode answered(String node, @Nullable JsonNode result, long begun) {
        ObjectNode answer = object().put("ok", true).put("elapsedMs", millisSince(begun));
        ObjectNode reply = answer.putArray("replies").addObject().put("node", node);
        reply.set("value", result == null ? JsonNodeFactory.instance.nullNode() : result);
        return answer;
    }

    private ObjectNode answers(Replies<JsonNode> all) {
        ObjectNode answer = object().put("ok", all.isComplete()).put("elapsedMs", Traced.millis(all.elapsed()));
        ArrayNode replies = answer.putArray("replies");
        all.replies().forEach(one -> {
            ObjectNode reply = replies.addObject().put("node", one.node()).put("ms", Traced.millis(one.latency()));
            RpcException fault = one.fault();
            JsonNode value = one.value();
            if (fault == null) {
                reply.set("value", value == null ? JsonNodeFactory.instance.nullNode() : value);
            } else {
                reply.put("error", String.valueOf(fault.getMessage()));
            }
        });
        ObjectNode missing = answer.putObject("missing");
        all.missing().forEach((node, reason) -> missing.put(node, reason.name()));
        all.failure().ifPresent(reason -> answer.put("reason", reason.name()));
        return answer.put("missingUnnamed", all.missingUnnamed());
    }

    private static ObjectNode failed(Throwable failure, long begun) {
        ObjectNode answer = object().put("ok", false).put("elapsedMs", millisSince(begun));
        answer.put("message", String.valueOf(failure.getMessage()));
        if (failure instanceof RpcException e) {
            answer.put("reason", e.reason().name())
                    .put("notExecuted", e.notExecuted())
                    .put("node", e.node());
        }
        if (failure instanceof RpcFault fault) {
            answer.put("code", fault.code()).put("type", fault.type()).set("details", fault.details());
        }
        return answer;
    }

    private static double millisSince(long begun) {
        return Traced.millis(Duration.ofNanos(System.nanoTime() - begun));
    }

    private static Object[] arguments(JsonNode params) throws Refused {
        if (params.isObject()) {
            Map<String, Object> byName = new LinkedHashMap<>();
            params.properties().forEach(param -> byName.put(param.getKey(), param.getValue()));
            return new Object[] {NamedParams.of(byName)};
        }
        if (!params.isArray() && !params.isMissingNode()) {
            throw new Refused(400, "params has to be an array or an object");
        }
        List<Object> byPosition = new ArrayList<>();
        params.forEach(byPosition::add);
        return byPosition.toArray();
    }

    /** Publishes an event. */
    CompletableFuture<ObjectNode> publish(JsonNode request) throws Refused {
        String topic = request.path("topic").asText();
        if (!options.mayPublish(topic)) {
            throw new Refused(
                    403,
                    "This console may not publish to " + topic + ": start it with --allow-publish '" + topic + "'");
        }
        LOG.info("{} publishes to {} from the page", bus.node(), topic);
        try {
            return bus.publish(topic, request.path("data"))
                    .thenApply(receivers -> object().put("ok", true).put("receivers", receivers))
                    .exceptionally(failure -> {
                        ObjectNode answer = object().put("ok", false);
                        if (unwrapped(failure) instanceof PublishException e) {
                            answer.put("reason", e.reason().name())
                                    .put("outcome", e.outcome().name());
                        }
                        return answer.put(
                                "message", String.valueOf(unwrapped(failure).getMessage()));
                    });
        } catch (IllegalArgumentException e) { // no name of a topic
            throw new Refused(400, String.valueOf(e.getMessage()));
        }
    }

    /** The JSON of a request. */
    JsonNode read(byte[] body) throws Refused {
        try {
            return json.readTree(body);
        } catch (IOException e) {
            throw new Refused(400, "The body is no JSON");
        }
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }
}
