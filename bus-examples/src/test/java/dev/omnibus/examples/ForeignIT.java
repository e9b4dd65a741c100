package dev.omnibus.examples;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.examples.ForeignProgram.Running;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Python, JavaScript and Java on one bus. */
@Tag("slow")
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ForeignIT {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final CallOptions PATIENT = CallOptions.defaults().withTimeout(LONG);

    /** With more of them, the odds that one of two servers is never chosen are nil. */
    private static final int MAX_CALLS = 40;

    /** Nobody may show it. It has data only so that it would be seen if somebody did. */
    private static final String MARK = "{\"specversion\":\"1.0\",\"id\":\"mark\",\"source\":\"/nodes/hand-1\","
            + "\"type\":\"dev.omnibus.mark\",\"sequence\":\"0000000000000042\",\"data\":0}";

    private static final ObjectMapper JSON = new ObjectMapper();

    private static RedisServer redis;

    private Bus bus;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @BeforeEach
    void serve() {
        bus = Bus.builder(redis.url()).name("java").build();
        CalculatorNode.serve(bus, new CalculatorNode(), "").join();
    }

    @AfterEach
    void close() {
        bus.close();
    }

    @Test
    void pythonTakesPart() throws Exception {
        takesPart(ForeignProgram.python());
    }

    @Test
    void javaScriptTakesPart() throws Exception {
        takesPart(ForeignProgram.node());
    }

    private void takesPart(ForeignProgram program) throws Exception {
        await().atMost(LONG).until(() -> nodes().equals(Set.of(bus.node()))); // those of another test have gone
        assertEquals(List.of(bus.node()), program.run(redis.url(), "nodes"));
        assertEquals(
                List.of(bus.node() + " 6.5"),
                program.run(redis.url(), "call", "calc.sum", "{\"numbers\": [1, 2, 3.5]}"));
        assertEquals(
                List.of(bus.node() + " \"grüß dich\""),
                program.run(redis.url(), "call", "calc.echo", "[\"grüß dich\"]").stream()
                        .map(line -> line.replace("\\u00fc", "ü").replace("\\u00df", "ß"))
                        .toList());
        publishesAndSubscribes(program);
        try (Running server = program.start(redis.url(), "serve", "calc")) {
            String node = server.line();
            await().atMost(LONG).until(() -> nodes().contains(node));
            Calculator there = RpcClient.on(bus).proxy(Calculator.class, PATIENT.onNode(node));
            assertEquals(6.5, there.sum(List.of(1.0, 2.0, 3.5)));
            assertEquals("hi", there.echo("hi"));
            refusesAndDrops(node);
            assertEquals(Set.of(bus.node(), node), answering(program.run(redis.url(), "broadcast", "calc.val", "[]")));

            server.end();
            await().atMost(LONG).until(() -> !nodes().contains(node));
        }
    }

    /** What a server must do that the library does not ask of it in good times. */
    private static void refusesAndDrops(String node) throws Exception {
        try (HandConnection in = new HandConnection(redis);
                HandConnection out = new HandConnection(redis)) {
            in.subscribe("bus:inbox:hand-1");
            ask(out, node, 1, "sum", "[[1,2]]", 20_000);
            ask(out, node, 1, "sum", "[[1,2]]", 20_000); // the same one
            assertEquals(3, reply(in, 1).path("result").asInt());
            ask(out, node, 2, "sum", "[[1,2]]", 0);
            assertEquals(-32001, reply(in, 2).path("error").path("code").asInt());
            ask(out, node, 3, "sum", "[[1,2],3]", 20_000);
            assertEquals(-32602, reply(in, 3).path("error").path("code").asInt());
            ask(out, node, 4, "sum", "{\"numbers\":5,\"unknown\":1}", 20_000); // which it cannot add up
            assertEquals(-32603, reply(in, 4).path("error").path("code").asInt());
        }
    }

    private static void ask(HandConnection out, String node, int id, String method, String params, int ttl)
            throws IOException {
        String request = "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"calc." + method + "\",\"params\":"
                + params + ",\"meta\":{\"from\":\"hand-1\",\"replyTo\":\"bus:inbox:hand-1\",\"ttl\":" + ttl + "}}";
        assertEquals(1L, out.command("PUBLISH", "bus:rpc:calc." + method + "@" + node, request));
    }

    private static JsonNode reply(HandConnection in, int id) throws IOException {
        JsonNode reply = JSON.readTree(in.message().get(1));
        assertEquals(id, reply.path("id").asInt(), reply::toString);
        return reply;
    }

    private void publishesAndSubscribes(ForeignProgram program) throws Exception {
        CompletableFuture<JsonNode> heard = new CompletableFuture<>();
        bus.subscribe("weather.*", JsonNode.class, event -> heard.complete(event.data()))
                .ready()
                .join();
        program.run(redis.url(), "publish", "weather.rain", "{\"mm\": 3}");
        assertEquals(3, heard.get(20, TimeUnit.SECONDS).path("mm").asInt());

        try (Running subscriber = program.start(redis.url(), "subscribe", "weather.*");
                HandConnection hand = new HandConnection(redis)) {
            assertEquals("", subscriber.line());
            Object marked = hand.command("PUBLISH", "bus:evt:weather.sun", MARK);
            assertTrue(marked instanceof Long receivers && receivers >= 1, () -> "a mark reaches " + marked);
            bus.publish("weather.sun", Map.of("hours", 9)).join();
            assertEquals("bus:evt:weather.sun {\"hours\":9}", subscriber.line().replace(": ", ":"));
        }
    }

    @Test
    void allThreeAnswerAndShareTheCalls() throws Exception {
        ForeignProgram python = ForeignProgram.python();
        ForeignProgram javaScript = ForeignProgram.node();
        try (Running pythons = python.start(redis.url(), "serve", "calc");
                Running scripts = javaScript.start(redis.url(), "serve", "calc")) {
            Set<String> three = Set.of(bus.node(), pythons.line(), scripts.line());
            await().atMost(LONG).until(() -> nodes().equals(three));
            Replies<Double> all = RpcClient.on(bus)
                    .broadcast(Calculator.class, Calculator::val)
                    .with(PATIENT)
                    .ask();
            assertTrue(all.isComplete(), all::toString);
            assertEquals(three, all.byNode().keySet());

            pythons.end();
            Set<String> two =
                    three.stream().filter(node -> !node.startsWith("python")).collect(Collectors.toSet());
            await().atMost(LONG).until(() -> nodes().equals(two));
            Set<String> chosen = new HashSet<>();
            for (int i = 0; i < MAX_CALLS && !chosen.equals(two); i++) {
                chosen.addAll(answering(python.run(redis.url(), "call", "calc.sum", "[[1, 2]]")));
            }
            assertEquals(two, chosen);
            scripts.end();
        }
    }

    private Set<String> nodes() {
        return Directory.on(bus).nodes().join().stream()
                .filter(NodeInfo::isServing)
                .map(NodeInfo::node)
                .collect(Collectors.toSet());
    }

    private static Set<String> answering(List<String> lines) {
        return lines.stream().map(line -> line.substring(0, line.indexOf(' '))).collect(Collectors.toSet());
    }
}
