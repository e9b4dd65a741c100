package dev.omnibus.rpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.omnibus.bus.Bus;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The conformance vectors for calls, which implementations in other languages can run as well. */
class WireVectorsTest {

    @ServiceName("spec")
    interface Spec {
        long subtract(long minuend, long subtrahend);

        double sum(List<Double> numbers);

        void update(int a, int b, int c, int d, int e);

        List<JsonNode> get();

        int count();

        void fail(String message);

        void crash();
    }

    private static final class Example implements Spec {

        private final AtomicInteger counted = new AtomicInteger();

        @Override
        public long subtract(long minuend, long subtrahend) {
            return minuend - subtrahend;
        }

        @Override
        public double sum(List<Double> numbers) {
            return numbers.stream().mapToDouble(Double::doubleValue).sum();
        }

        @Override
        public void update(int a, int b, int c, int d, int e) {}

        @Override
        public List<JsonNode> get() {
            return List.of(JsonNodeFactory.instance.textNode("hello"), JsonNodeFactory.instance.numberNode(5));
        }

        @Override
        public int count() {
            return counted.incrementAndGet();
        }

        @Override
        public void fail(String message) {
            throw new RpcFault(7, message);
        }

        @Override
        public void crash() {
            Object unused = List.of().get(7);
        }
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LAST = "the last one";

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final Transport link = network.open();
    private Bus bus;

    static List<Named<JsonNode>> requests() throws IOException {
        return vectors("requests");
    }

    static List<Named<JsonNode>> replies() throws IOException {
        return vectors("replies");
    }

    private static List<Named<JsonNode>> vectors(String file) throws IOException {
        List<Named<JsonNode>> vectors = new ArrayList<>();
        Path path = Path.of("src/test/resources/wire/vectors", file + ".json");
        for (JsonNode vector : JSON.readTree(path.toFile()).path("vectors")) {
            vectors.add(Named.of(vector.path("name").asText(), vector));
        }
        return vectors;
    }

    @BeforeEach
    void open() {
        bus = Bus.builder(network.open()).build();
    }

    @AfterEach
    void close() {
        bus.close();
        link.close();
    }

    @ParameterizedTest
    @MethodSource("requests")
    void aRequestIsAnsweredAsTheVectorSays(JsonNode vector) throws Exception {
        RpcServer.on(bus).serve(Spec.class, new Example()).ready().get(10, SECONDS);
        BlockingQueue<JsonNode> inbox = new LinkedBlockingQueue<>();
        hear("bus:inbox:caller-1", inbox);
        String channel = vector.path("channel").asText();

        publish(channel, vector.path("frame").asText());
        publish(
                "bus:rpc:spec.get",
                "{\"id\":\"" + LAST + "\",\"method\":\"spec.get\",\"meta\":{\"replyTo\":\"bus:inbox:caller-1\"}}");

        List<String> expected = new ArrayList<>();
        vector.path("replies").forEach(reply -> expected.add(told(reply)));
        expected.add(LAST);
        List<String> told = new ArrayList<>();
        while (told.size() < expected.size()) {
            JsonNode reply = inbox.poll(20, SECONDS);
            assertNotNull(reply, () -> told + " is all that came of " + expected);
            assertEquals("2.0", reply.path("jsonrpc").asText());
            assertEquals(bus.node(), reply.path("meta").path("from").asText());
            told.add(reply.path("id").asText().equals(LAST) ? LAST : told(reply));
        }
        expected.sort(null);
        told.sort(null);
        assertEquals(expected, told);
        await().atMost(20, SECONDS)
                .untilAsserted(() -> assertEquals(
                        vector.path("dropped").asLong(), bus.stats().badMessages()));
        assertEquals(0, inbox.size());
    }

    /** What is compared of a reply: its id, and the result or the code of the error. */
    private static String told(JsonNode reply) {
        JsonNode error = reply.path("error");
        JsonNode result = reply.path("result");
        return reply.path("id")
                + (error.isMissingNode()
                        ? " result " + (result.isNumber() ? result.asDouble() : result)
                        : " error " + (error.isObject() ? error.path("code") : error));
    }

    @ParameterizedTest
    @MethodSource("replies")
    void aReplyIsTakenAsTheVectorSays(JsonNode vector) throws Exception {
        BlockingQueue<JsonNode> asked = new LinkedBlockingQueue<>();
        hear("bus:rpc:spec.ask@server-1", asked);
        byte[] manifest = "{\"node\":\"server-1\",\"services\":{\"spec\":[\"ask\"]}}".getBytes(UTF_8);
        link.renewLease("bus:nodes", "bus:node:{bus:nodes}:server-1", manifest, Duration.ofSeconds(60))
                .get(10, SECONDS);
        CompletableFuture<String> call = RpcClient.on(bus)
                .call("spec.ask", String.class, CallOptions.defaults().withTimeout(Duration.ofSeconds(20)));
        JsonNode request = asked.poll(20, SECONDS);
        assertNotNull(request);
        String id = request.path("id").toString();
        String inbox = request.path("meta").path("replyTo").asText();

        publish(inbox, vector.path("frame").asText().replace("$ID", id));

        if (vector.has("pending")) {
            await().atMost(20, SECONDS)
                    .until(() ->
                            bus.stats().badMessages() >= vector.path("dropped").asLong());
            assertFalse(call.isDone());
            publish(inbox, "{\"id\":" + id + ",\"meta\":{\"from\":\"server-1\"},\"result\":\"" + LAST + "\"}");
            assertEquals(LAST, call.get(20, SECONDS));
        } else {
            assertEquals(expected(vector), outcome(call));
        }
        await().atMost(20, SECONDS)
                .untilAsserted(() -> assertEquals(
                        vector.path("dropped").asLong(), bus.stats().badMessages()));
    }

    private static Map<String, Object> expected(JsonNode vector) {
        return vector.has("value")
                ? Map.of("value", vector.path("value").asText())
                : Map.of(
                        "failure", vector.path("failure").asText(),
                        "notExecuted", vector.path("notExecuted").asBoolean());
    }

    private static Map<String, Object> outcome(CompletableFuture<String> call) throws Exception {
        Map<String, Object> outcome = new HashMap<>();
        try {
            outcome.put("value", call.get(20, SECONDS));
        } catch (ExecutionException e) {
            RpcException failure = assertInstanceOf(RpcException.class, e.getCause());
            outcome.put("failure", failure.reason().name());
            outcome.put("notExecuted", failure.notExecuted());
        }
        return outcome;
    }

    private void hear(String channel, BlockingQueue<JsonNode> heard) throws Exception {
        FrameListener listener = (name, frame) -> {
            try {
                JsonNode read = JSON.readTree(frame);
                (read.isArray() ? read : List.of(read)).forEach(heard::add);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        };
        link.subscribe(channel, listener).get(10, SECONDS);
    }

    private void publish(String channel, String frame) {
        link.publish(List.of(new Publication(channel, frame.getBytes(UTF_8), false, new Publication.Outcome() {
            @Override
            public void published(long receivers, long patternSubscribers) {}

            @Override
            public void failed(TransportException failure) {
                throw failure;
            }
        })));
    }
}
