package dev.omnibus.examples;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Takes part in the bus with nothing but a socket, as the reference pages say. Only the other side is the library. */
class WireByHandIT {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final CallOptions PATIENT = CallOptions.defaults().withTimeout(LONG);
    private static final String COUNTED_PUBLISH =
            "return {redis.call('PUBSUB', 'NUMSUB', KEYS[1])[2], redis.call('PUBLISH', KEYS[1], ARGV[1])}";

    private static final String NODE = "hand-7";
    private static final String LEASE = "bus:node:{bus:nodes}:" + NODE;
    private static final String CHANGES = "bus:nodes:changes:{bus:nodes}";
    private static final String VERSION = "bus:nodes:version:{bus:nodes}";
    private static final String MANIFEST = "{\"node\":\"hand-7\",\"revision\":1,\"services\":{\"calc\":[\"val\"]}}";

    private static RedisServer redis;

    private Bus north;
    private Bus south;
    private HandConnection out;
    private HandConnection in;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @BeforeEach
    void connect() throws IOException {
        north = connect("north");
        south = connect("south");
        CalculatorNode.serve(north, new CalculatorNode(), "").join();
        CalculatorNode.serve(south, new CalculatorNode(), "").join();
        out = new HandConnection(redis);
        in = new HandConnection(redis);
    }

    private static Bus connect(String name) {
        return Bus.builder(redis.url())
                .name(name)
                .connectWithin(Duration.ofSeconds(30)) // the machine may be busy
                .build();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : Arrays.asList(out, in, north, south)) {
            if (one != null) { // else that could not be opened, which is what is to be read
                one.close();
            }
        }
    }

    /** The nodes that serve a method of calc, read as the page says. */
    private List<String> serving(String method) throws IOException {
        List<String> nodes = new ArrayList<>();
        for (Object lease : (List<?>) Objects.requireNonNull(out.command("ZRANGE", "bus:nodes", "0", "-1"))) {
            Object manifest = out.command("GET", String.valueOf(lease));
            if (manifest != null) {
                JsonNode read = JSON.readTree(manifest.toString());
                JsonNode calc = read.path("services").path("calc");
                if (calc.has(method) && !read.path("draining").asBoolean()) {
                    nodes.add(read.path("node").asText());
                }
            }
        }
        return nodes;
    }

    private static String request(int id, String method, String params) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + params
                + ",\"meta\":{\"from\":\"hand-7\",\"replyTo\":\"bus:inbox:hand-7\",\"ttl\":20000}}";
    }

    private JsonNode call(String node, int id, String method, String params) throws IOException {
        Object receivers = out.command("PUBLISH", "bus:rpc:" + method + "@" + node, request(id, method, params));
        assertEquals(1L, receivers);
        JsonNode reply = JSON.readTree(in.message().get(1));
        assertEquals(id, reply.path("id").asInt());
        assertEquals(node, reply.path("meta").path("from").asText());
        return reply;
    }

    @Test
    void aNodeIsFoundAndCalled() throws IOException {
        List<String> nodes = serving("sum");
        assertEquals(Set.of(north.node(), south.node()), Set.copyOf(nodes));
        String node = nodes.get(0);
        in.subscribe("bus:inbox:hand-7");

        assertEquals(
                6.5, call(node, 1, "calc.sum", "[[1,2,3.5]]").path("result").asDouble());
        assertEquals(
                6.5,
                call(node, 2, "calc.sum", "{\"numbers\":[1,2,3.5]}")
                        .path("result")
                        .asDouble());
        assertEquals(5, call(node, 3, "calc.add", "[5]").path("result").asDouble());
        JsonNode error = call(node, 4, "calc.fail", "[\"no more\"]").path("error");
        assertEquals(
                List.of(1, "no more"),
                List.of(error.path("code").asInt(), error.path("message").asText()));
        assertEquals(
                -32602,
                call(node, 5, "calc.add", "[]").path("error").path("code").asInt());
        assertEquals(0L, out.command("PUBLISH", "bus:rpc:calc.none@" + node, request(6, "calc.none", "[]")));
    }

    @Test
    void everyNodeAnswersABroadcastOnce() throws IOException {
        in.subscribe("bus:inbox:hand-7");
        Object expected = out.command("EVAL", COUNTED_PUBLISH, "1", "bus:rpc:calc.val", request(1, "calc.val", "[]"));
        assertEquals(List.of(2L, 2L), expected);

        Set<String> answered = new HashSet<>();
        while (answered.size() < 2) {
            JsonNode read = JSON.readTree(in.message().get(1));
            for (JsonNode reply : read.isArray() ? read : List.of(read)) {
                assertEquals(0, reply.path("result").asDouble());
                answered.add(reply.path("meta").path("from").asText());
            }
        }
        assertEquals(Set.of(north.node(), south.node()), answered);
    }

    @Test
    void anEventIsPublishedAndReceived() throws Exception {
        CompletableFuture<JsonNode> heard = new CompletableFuture<>();
        north.subscribe("weather.*", JsonNode.class, event -> heard.complete(event.data()))
                .ready()
                .join();
        out.command(
                "PUBLISH",
                "bus:evt:weather.rain",
                "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/nodes/hand-7\",\"type\":\"Rain\",\"data\":{\"mm\":3}}");
        assertEquals(3, heard.get(20, TimeUnit.SECONDS).path("mm").asInt());

        in.subscribe("bus:evt:weather.sun");
        south.publish("weather.sun", Map.of("hours", 9)).join();
        List<String> message = in.message();
        JsonNode event = JSON.readTree(message.get(1));
        assertEquals("bus:evt:weather.sun", message.get(0));
        assertEquals("1.0", event.path("specversion").asText());
        assertEquals("/nodes/" + south.node(), event.path("source").asText());
        assertEquals(9, event.path("data").path("hours").asInt());
    }

    @Test
    void aServerByHandIsCalledAndListed() throws Exception {
        in.subscribe("bus:rpc:calc.val", "bus:rpc:calc.val@hand-7");
        Thread serving = new Thread(this::serveByHand);
        serving.start();
        announce();
        CompletableFuture<Void> enough = new CompletableFuture<>();
        AtomicInteger renewals = new AtomicInteger();
        Thread renewing = new Thread(() -> renew(renewals, enough));
        renewing.start();

        await().atMost(LONG).until(() -> listed(north));
        assertEquals(
                42.0,
                RpcClient.on(north)
                        .proxy(Calculator.class, PATIENT.onNode(NODE))
                        .val());
        Replies<Double> all = RpcClient.on(north)
                .broadcast(Calculator.class, Calculator::val)
                .with(PATIENT)
                .ask();
        assertEquals(Set.of(north.node(), south.node(), NODE), all.byNode().keySet());
        assertTrue(all.isComplete());
        await().atMost(LONG).until(() -> renewals.get() > 3); // longer than a lease lasts
        await().atMost(LONG).until(() -> listed(south));

        enough.complete(null);
        renewing.join();
        leave();
        await().atMost(LONG).until(() -> !listed(north));
        in.close();
        serving.join();
    }

    @Test
    void aServerByHandThatDiesIsGone() throws Exception {
        in.subscribe("bus:rpc:calc.val", "bus:rpc:calc.val@hand-7");
        announce();
        await().atMost(LONG).until(() -> listed(north));
        in.close();
        await().atMost(LONG).until(() -> !listed(north));
        assertEquals(0L, out.command("EXISTS", LEASE));
    }

    private static boolean listed(Bus bus) {
        return Directory.on(bus).nodes().join().stream().map(NodeInfo::node).anyMatch(NODE::equals);
    }

    private void serveByHand() {
        try (HandConnection replies = new HandConnection(redis)) {
            while (true) {
                JsonNode read = JSON.readTree(in.message().get(1));
                for (JsonNode request : read.isArray() ? read : List.of(read)) {
                    if (request.has("id")) {
                        replies.command(
                                "PUBLISH",
                                request.path("meta").path("replyTo").asText(),
                                "{\"jsonrpc\":\"2.0\",\"id\":" + request.path("id")
                                        + ",\"meta\":{\"from\":\"hand-7\"},\"result\":42.0}");
                    }
                }
            }
        } catch (IOException e) {
            // its connection was closed: the end
        }
    }

    private void announce() throws IOException {
        out.command("PSETEX", LEASE, "2100", MANIFEST);
        out.command("ZADD", "bus:nodes", "NX", "0", LEASE);
        changed(out, LEASE);
        out.command(
                "PUBLISH", "bus:presence", "{\"jsonrpc\":\"2.0\",\"method\":\"$/joined\",\"params\":" + MANIFEST + "}");
    }

    private static void changed(HandConnection link, String what) throws IOException {
        link.command("ZADD", CHANGES, "0", what);
        link.command("INCR", VERSION);
        expireLater(link);
    }

    private static void expireLater(HandConnection link) throws IOException {
        for (String list : List.of("bus:nodes", CHANGES, VERSION)) {
            link.command("PEXPIRE", list, "12100");
        }
    }

    private static void renew(AtomicInteger renewals, CompletableFuture<Void> enough) {
        try (HandConnection link = new HandConnection(redis)) {
            while (!enough.isDone()) {
                link.command("PSETEX", LEASE, "2100", MANIFEST);
                if (Long.valueOf(1).equals(link.command("ZADD", "bus:nodes", "NX", "0", LEASE))) {
                    changed(link, LEASE); // somebody had taken it out
                } else {
                    expireLater(link);
                }
                renewals.incrementAndGet();
                enough.copy().completeOnTimeout(null, 1, TimeUnit.SECONDS).join();
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void leave() throws IOException {
        out.command("DEL", LEASE);
        out.command("ZREM", "bus:nodes", LEASE);
        out.command("ZREM", CHANGES, LEASE);
        changed(out, "");
        out.command(
                "PUBLISH", "bus:presence", "{\"jsonrpc\":\"2.0\",\"method\":\"$/left\",\"params\":" + MANIFEST + "}");
    }
}
