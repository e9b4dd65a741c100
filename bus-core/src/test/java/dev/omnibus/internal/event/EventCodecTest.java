package dev.omnibus.internal.event;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Event;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventCodecTest {

    record Order(String id, int count) {}

    private static final String HEAD = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"T\"";
    private static final int NUMBER = 42;

    private final ObjectMapper json = Json.mapper(null, 1 << 20);
    private final Payloads payloads = new Payloads(json, null);
    private final EventCodec codec = new EventCodec(1 << 20, "shop-abc234");

    @Test
    void anEventIsWrittenAndReadBack() throws IOException {
        Instant before = Instant.now().minusMillis(1);
        byte[] message = write(Map.of("traceparent", "00-ä\"-01"), new Order("o-17", 3));

        Envelope envelope = codec.read("orders.placed", message(message));
        Event<Order> event = as(envelope, Order.class);

        assertEquals("1", event.id());
        assertEquals("/nodes/shop-abc234", event.source());
        assertEquals("OrderPlaced", event.type());
        assertEquals("orders.placed", event.topic());
        assertEquals(NUMBER, event.sequence());
        assertEquals(Map.of("traceparent", "00-ä\"-01"), event.headers());
        assertEquals(new Order("o-17", 3), event.data());
        assertTrue(event.time().isAfter(before) && !event.time().isAfter(Instant.now()));
        assertEquals(message.length, envelope.weight() - 256 - 192, "what an attribute costs counts, too");
    }

    @Test
    void theBytesAreThoseOfTheWireFormat() throws IOException {
        byte[] written = write(
                Map.of("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), new Order("o-17", 3));
        String time = "\"time\":\"[^\"]*\"";
        assertEquals(
                golden().replaceAll(time, "TIME"),
                new String(written, StandardCharsets.UTF_8).replaceAll(time, "TIME"));
    }

    @Test
    void theGoldenEventIsRead() throws IOException {
        Event<Order> event = as(read(golden()), Order.class);
        assertEquals(
                new Event<>(
                        "1",
                        "/nodes/shop-abc234",
                        "OrderPlaced",
                        "orders.placed",
                        Instant.parse("2026-11-21T09:30:00.125Z"),
                        42,
                        Map.of("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                        new Order("o-17", 3)),
                event);
    }

    static List<String> malformed() {
        return List.of(
                "",
                " ",
                "17",
                "null",
                "\"text\"",
                "[]",
                "{}",
                "{nonsense}",
                "{\"specversion\":\"1.0\"}",
                HEAD + "}",
                HEAD + ",\"data\":1",
                HEAD + ",\"data\":1}}",
                HEAD + ",\"data\":1}{}",
                HEAD + ",\"data\":[1}",
                HEAD + ",\"data\":01}",
                HEAD + ",\"data\":}",
                HEAD + ",\"data\":nul}",
                HEAD + ",\"data\":\"\u0001\"}",
                HEAD + ",\"time\":\"yesterday\",\"data\":1}",
                HEAD + ",\"time\":17,\"data\":1}",
                HEAD + ",\"sequence\":17,\"data\":1}",
                HEAD + ",\"data\":1,\"x\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}",
                HEAD + ",\"data\":" + "{\"a\":".repeat(1_100) + "1" + "}".repeat(1_100) + "}",
                HEAD + ",\"" + "n".repeat(3_100) + "\":1,\"data\":1}",
                HEAD.replace("1.0", "2.0") + ",\"data\":1}",
                HEAD.replace("\"1\"", "{}") + ",\"data\":1}",
                HEAD.replace("\"id\"", "\"ID\"") + ",\"data\":1}",
                HEAD.replace("\"T\"", "null") + ",\"data\":1}",
                HEAD.replace(":", "=") + ",\"data\":1}");
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void whatIsNoEventIsAnIoExceptionAndNothingElse(String text) {
        IOException e = assertThrows(IOException.class, () -> read(text));
        assertTrue(String.valueOf(e.getMessage()).startsWith("it"), e.getMessage());
    }

    @Test
    void anotherEncodingThanUtf8IsRefused() {
        String text = HEAD + ",\"x\":{\"a\":1},\"data\":{\"a\":1}}";
        for (var charset : List.of(StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
            assertThrows(IOException.class, () -> codec.read("t", message(text.getBytes(charset))));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\":[1,{\"b\":\"}\"}]}",
                "[1, 2 , []]",
                "\"te\\\"xt ä\"",
                "\"\"",
                "17",
                "-1.5e3",
                "true",
                "false",
                "{}"
            })
    void theDataIsExactlyTheBytesOfItsValueWhereverItStands(String data) throws IOException {
        JsonNode expected = json.readTree(data);
        for (String text : List.of(
                HEAD + ",\"data\":" + data + "}",
                HEAD + ", \"data\" : " + data + " , \"after\":1 }",
                "{\"data\":" + data + "," + HEAD.substring(1) + "}")) {
            byte[] around = ("[17," + text + ",{}]").getBytes(StandardCharsets.UTF_8);
            Message inside = new Message(around, 4, text.getBytes(StandardCharsets.UTF_8).length);
            Event<JsonNode> event = as(codec.read("t", inside), JsonNode.class);
            assertEquals(expected, event.data());
        }
    }

    @Test
    void attributesThatThisVersionDoesNotKnowAreKeptAsText() throws IOException {
        Envelope envelope = read(HEAD + ",\"text\":\"ä\",\"number\":-1.50,\"flag\":true,\"object\":{\"a\": [1]},"
                + "\"array\":[ 1 ],\"data\":1,\"subject\":\"other\",\"datacontenttype\":\"application/json\"}");
        assertEquals(
                Map.of("text", "ä", "number", "-1.50", "flag", "true", "object", "{\"a\": [1]}", "array", "[ 1 ]"),
                envelope.attributes);
    }

    @Test
    void anAttributeThatIsNullIsAbsentAsCloudEventsSays() throws IOException {
        Envelope envelope = read(HEAD + ",\"time\":null,\"sequence\":null,\"traceparent\":null,\"data\":1}");
        assertEquals(Map.of(), envelope.attributes);
        assertEquals(0, envelope.sequence);
    }

    @Test
    void aSequenceThatIsNoNumberOfOursIsNone() throws IOException {
        for (String sequence : List.of("", "-1", "abc", "1".repeat(19), "1 ")) {
            assertEquals(0, read(HEAD + ",\"sequence\":\"" + sequence + "\",\"data\":1}").sequence);
        }
    }

    @Test
    void anEventCutAtAnyByteIsAnIoException() {
        byte[] whole = golden().getBytes(StandardCharsets.UTF_8);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThrows(IOException.class, () -> codec.read("t", message(cut)), "cut at " + length);
        }
    }

    @Test
    void anEventWithRandomBytesChangedIsReadOrIsAnIoException() {
        Random random = new Random(20261121);
        byte[] whole = golden().getBytes(StandardCharsets.UTF_8);
        int read = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] changed = whole.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
            }
            try {
                read += codec.read("t", message(changed)).weight() > 0 ? 1 : 0;
            } catch (IOException expected) {
                assertTrue(String.valueOf(expected.getMessage()).startsWith("it"));
            }
        }
        assertTrue(read > 0);
    }

    @Test
    void whatSeveralHandlersShareIsDecodedOncePerTypeWhateverTheOrder() throws IOException {
        Envelope envelope = read(golden());
        envelope.share();
        Order first = as(envelope, Order.class).data();
        JsonNode other = as(envelope, JsonNode.class).data();
        assertSame(first, as(envelope, Order.class).data());
        assertSame(other, as(envelope, JsonNode.class).data());
    }

    @Test
    void dataThatIsNullFitsNoType() throws IOException {
        Envelope envelope = read(HEAD + ",\"data\":null}");
        IOException e = assertThrows(IOException.class, () -> as(envelope, Order.class));
        assertEquals("its data is null", e.getMessage());
    }

    @Test
    void anAttributeThatMayNotBeOneIsAMistakeOfTheProgram() {
        for (String name : List.of("", "Upper", "with-dash", "data", "id", "1a", "a".repeat(21))) {
            assertThrows(IllegalArgumentException.class, () -> write(Map.of(name, "x"), 1));
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> write(Map.of(), new AbstractList<Integer>() {
                    @Override
                    public Integer get(int index) {
                        throw new IllegalStateException("on purpose");
                    }

                    @Override
                    public int size() {
                        return 1;
                    }
                }));
    }

    @Test
    void topicsAndTypesAreQuoted() throws IOException {
        byte[] prefix = codec.prefix("t", "a\"b\\c");
        byte[] message = codec.write(prefix, Map.of(), payloads.write(1));
        Arrays.fill(message, prefix.length, prefix.length + 16, (byte) '0');
        assertEquals("a\"b\\c", codec.read("t", message(message)).type);
        assertArrayEquals(prefix, Arrays.copyOf(message, prefix.length));
    }

    private byte[] write(Map<String, String> attributes, Object data) {
        byte[] prefix = codec.prefix("orders.placed", "OrderPlaced");
        byte[] message = codec.write(prefix, attributes, payloads.write(data));
        byte[] digits = String.format("%016d", NUMBER).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(digits, 0, message, prefix.length, digits.length);
        return message;
    }

    private <T> Event<T> as(Envelope envelope, Class<T> type) throws IOException {
        return envelope.as(payloads, payloads.target(type));
    }

    private Envelope read(String text) throws IOException {
        return codec.read("orders.placed", message(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static Message message(byte[] bytes) {
        return new Message(bytes, 0, bytes.length);
    }

    private static String golden() {
        try (InputStream in = EventCodecTest.class.getResourceAsStream("/wire/v1/event.json")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).trim();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
