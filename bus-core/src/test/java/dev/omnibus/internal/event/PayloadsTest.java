package dev.omnibus.internal.event;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.dataformat.cbor.databind.CBORMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusFixture;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.PayloadCodec;
import dev.omnibus.bus.RawFrames;
import dev.omnibus.bus.SubscribeOptions;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What events can carry. */
public class PayloadsTest extends BusFixture {

    record Order(String orderId, int count) {}

    record Times(Instant at, LocalDate day, Duration took, Optional<String> note) {}

    /** As a program would write one. */
    private static final class Cbor implements PayloadCodec {

        private final ObjectMapper cbor = new CBORMapper();

        @Override
        public String contentType() {
            return "application/cbor";
        }

        @Override
        public byte[] write(Object data) throws IOException {
            return cbor.writeValueAsBytes(data);
        }

        @Override
        public Object read(byte[] bytes, Type type) throws IOException {
            return cbor.readValue(bytes, cbor.constructType(type));
        }
    }

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final List<String> frames = new CopyOnWriteArrayList<>();

    @Override
    public Transport connect() {
        network.tamper((channel, frame) -> {
            if (channel.contains(":evt:")) {
                frames.add(new String(frame, StandardCharsets.UTF_8));
            }
            return List.of(frame);
        });
        return network.open();
    }

    @Test
    void recordsTimesAndOptionals() throws Exception {
        Times times = new Times(
                Instant.parse("2026-11-21T09:30:00.125Z"),
                LocalDate.of(2026, 11, 21),
                Duration.ofMillis(1500),
                Optional.of("x"));
        assertEquals(times, roundTrip(Times.class, times));
        assertTrue(frames.get(0).contains("\"day\":\"2026-11-21\""), frames.get(0));
    }

    @Test
    void textIsAJsonStringAndBytesAreBase64() throws Exception {
        assertEquals("ä\n", roundTrip(String.class, "ä\n"));
        assertTrue(frames.get(0).endsWith(",\"data\":\"ä\\n\"}"), frames.get(0));
        frames.clear();
        byte[] bytes = {0, 1, -1};
        assertArrayEquals(bytes, roundTrip(byte[].class, bytes));
        assertTrue(
                frames.get(0).endsWith(",\"datacontenttype\":\"application/octet-stream\",\"data_base64\":\"AAH/\"}"),
                frames.get(0));
    }

    @Test
    void genericTypesKeepTheirArguments() throws Exception {
        Topic<List<Order>> topic = Topic.of("orders", new TypeReference<List<Order>>() {});
        CompletableFuture<Event<List<Order>>> typed = new CompletableFuture<>();
        CompletableFuture<Map<String, Integer>> counts = new CompletableFuture<>();
        ready(there.subscribe(topic, typed::complete));
        ready(there.subscribe(
                "counts",
                new TypeReference<Map<String, Integer>>() {},
                SubscribeOptions.defaults(),
                event -> counts.complete(event.data())));
        here.publish(topic, List.of(new Order("a", 1)));
        here.publish("counts", Map.of("a", 1));
        assertEquals(List.of(new Order("a", 1)), typed.get(5, SECONDS).data());
        assertEquals("List", typed.get(5, SECONDS).type());
        assertEquals(Map.of("a", 1), counts.get(5, SECONDS));
    }

    @Test
    void anAnonymousClassHasTheNameOfWhatItIs() throws Exception {
        CompletableFuture<String> type = new CompletableFuture<>();
        ready(there.subscribe("n", JsonNode.class, event -> type.complete(event.type())));
        here.publish("n", new AbstractList<Integer>() {
            @Override
            public Integer get(int index) {
                return index;
            }

            @Override
            public int size() {
                return 1;
            }
        });
        assertEquals("List", type.get(5, SECONDS));
    }

    @Test
    void theProgramsOwnMapperIsUsedAndNotChanged() throws Exception {
        ObjectMapper snake = JsonMapper.builder()
                .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .build();
        try (Bus bus = builder().json(snake).build()) {
            CompletableFuture<JsonNode> arrived = new CompletableFuture<>();
            ready(there.subscribe("n", JsonNode.class, event -> arrived.complete(event.data())));
            bus.publish("n", new Order("a", 1));
            assertEquals(
                    "{\"order_id\":\"a\",\"count\":1}", arrived.get(5, SECONDS).toString());
            assertEquals(new Order("a", 1), snake.readValue("{\"order_id\":\"a\",\"count\":1}  ", Order.class));
        }
    }

    @Test
    void aCodecWritesItsOwnFormatAndStillReadsJson() throws Exception {
        try (Bus binary = builder().payloads(new Cbor()).build()) {
            List<Order> seen = new CopyOnWriteArrayList<>();
            ready(binary.subscribe("n", Order.class, event -> seen.add(event.data())));
            binary.publish("n", new Order("cbor", 1)).get(5, SECONDS);
            here.publish("n", new Order("json", 2)).get(5, SECONDS);
            await().until(() -> seen.equals(List.of(new Order("cbor", 1), new Order("json", 2))));
            assertTrue(
                    frames.get(0).contains(",\"datacontenttype\":\"application/cbor\",\"data_base64\":\""),
                    frames.get(0));
            ready(there.subscribe("n", Order.class, event -> seen.add(event.data())));
            binary.publish("n", new Order("cbor", 3)).get(5, SECONDS);
            await().until(() -> listener.told.size() == 1);
            assertEquals(
                    "bad n: Event 2 of /nodes/" + binary.node()
                            + " is not a valid Order (its type is Order): its data is application/cbor, for which this bus has no codec",
                    listener.told.get(0));
        }
    }

    @Test
    void jsonInBase64IsReadAsWell() throws Exception {
        List<Order> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Order.class, event -> seen.add(event.data())));
        for (String type : List.of("", ",\"datacontenttype\":\"application/json; charset=utf-8\"")) {
            RawFrames.publish(
                    here,
                    "n",
                    "{\"specversion\":\"1.0\",\"id\":\"" + type.length() + "\",\"source\":\"/s\",\"type\":\"T\"" + type
                            + ",\"data_base64\":\"eyJvcmRlcklkIjoiYSIsImNvdW50IjoxfQ==\"}");
        }
        await().until(() -> seen.equals(List.of(new Order("a", 1), new Order("a", 1))));
    }

    @Test
    void aMapperThatWritesNoJsonIsRefusedWhereItIsGiven() {
        String message = assertThrows(
                        IllegalArgumentException.class, () -> builder().json(new CBORMapper()))
                .getMessage();
        assertEquals(
                "A mapper that writes CBOR does not fit: the bus sends JSON; for payloads in another format use"
                        + " payloads(PayloadCodec)",
                message);
    }

    @Test
    void whatCannotBeWrittenIsAMistakeOfTheProgramThatQuotesNothing() {
        Object unwritable = Map.of("list", new AbstractList<Integer>() {
            @Override
            public Integer get(int index) {
                throw new IllegalStateException("canary");
            }

            @Override
            public int size() {
                return 1;
            }
        });
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> here.publish("n", unwritable));
        assertTrue(
                String.valueOf(e.getMessage()).endsWith("cannot be written as JSON: it does not fit at $.*"),
                e::getMessage);
    }

    private <T> T roundTrip(Class<T> type, T data) throws Exception {
        CompletableFuture<T> arrived = new CompletableFuture<>();
        Subscription subscription = there.subscribe("n", type, event -> arrived.complete(event.data()));
        ready(subscription);
        here.publish("n", data);
        T result = arrived.get(5, SECONDS);
        subscription.close();
        subscription.closed().get(5, SECONDS);
        return result;
    }

    private interface Shape {}

    @Test
    @SuppressWarnings("NullAway") // what a program without the checker can do
    void whatCarriesNothingIsRefusedAtOnceAndTheMessageSaysSo() {
        Topic<Optional<String>> topic = Topic.of("n", new TypeReference<>() {});
        for (Executable wrong : List.<Executable>of(
                () -> here.publish("n", null),
                () -> here.publish("n", Optional.empty()),
                () -> here.publish(topic, null),
                () -> here.publish(topic, Optional.empty()),
                () -> here.publish("n", NullNode.getInstance()))) {
            String message = assertThrows(IllegalArgumentException.class, wrong).getMessage();
            assertTrue(String.valueOf(message).startsWith("An event on topic n needs data, but its data is "), message);
        }
        assertThrows(IllegalArgumentException.class, () -> here.publish("n", new Thread()));
        assertEquals(
                "Data of the type Shape cannot be decoded safely: " + Shape.class.getName()
                        + " is abstract, and neither @JsonTypeInfo with @JsonSubTypes nor a deserializer defines its"
                        + " subtypes. Use a concrete type, or JsonNode",
                assertThrows(IllegalArgumentException.class, () -> there.subscribe("n", Shape.class, event -> {}))
                        .getMessage());
        assertEquals("Bus " + here.node() + " (UP)", here.toString());
    }
}
