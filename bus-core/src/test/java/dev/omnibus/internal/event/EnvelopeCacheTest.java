package dev.omnibus.internal.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.internal.channel.MemoryBudget;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.event.EventCodec.Timestamps;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is read quickly must be what the long way reads. */
class EnvelopeCacheTest {

    private static final String TOPIC = "orders.placed";
    private static final int LIMIT = 1 << 20;

    private final ObjectMapper json = Json.mapper(null, LIMIT);
    private final Payloads payloads = new Payloads(json, null);
    private final EventCodec codec = new EventCodec(LIMIT, "shop-abc234");
    private final EnvelopeCache known = new EnvelopeCache(new MemoryBudget(1 << 22));
    private final Timestamps timestamps = new Timestamps();

    @Test
    void theSecondEventOfAPublisherIsReadQuicklyAndIsTheSame() throws IOException {
        assertNull(quick(event("OrderPlaced", 1, Map.of("id", 1))), "nobody is known yet");
        codec.read(TOPIC, event("OrderPlaced", 1, Map.of("id", 1)), known);
        for (Object data : List.of(Map.of("a", List.of(1, "}\"")), "te\\xt \"ä", 17, true, List.of(), -1.5e3)) {
            Message second = event("OrderPlaced", 2, data);
            assertSame(codec.read(TOPIC, second), assertNotNullQuick(second), second);
        }
        assertNull(quick(event("OrderTaken", 3, 1)), "another type");
        assertNull(known.read("orders.other", event("OrderPlaced", 3, 1), timestamps), "another topic");
    }

    @Test
    void manyPublishersAreReadAlikeAndAFewOfThemQuickly() throws IOException {
        int quick = 0;
        for (int round = 0; round < 100; round++) {
            for (int node = 0; node < 20; node++) {
                EventCodec other = new EventCodec(LIMIT, "node-" + (round < 50 ? node % 8 : node));
                byte[] prefix = other.prefix(TOPIC, "T");
                Message message = event(other, prefix, round, node);
                Envelope fast = quick(message);
                quick += fast == null ? 0 : 1;
                assertSame(other.read(TOPIC, message), codec.read(TOPIC, message, known), message);
            }
        }
        assertTrue(quick > 500, quick + " were read quickly");
    }

    @Test
    void whatIsWrittenInAnotherWayIsLeftToTheLongWay() throws IOException {
        String head = "{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"T\",\"subject\":\"orders.placed\"";
        String sequence = ",\"sequence\":\"0000000000000001\"";
        String time = ",\"time\":\"2026-11-21T10:00:00.5Z\"";
        codec.read(TOPIC, message(head + sequence + ",\"id\":\"1\"" + time + ",\"data\":1}"), known);
        assertNotNullQuick(message(head + sequence + ",\"id\":\"1\"" + time + ",\"data\":1}"));
        for (String rest : List.of(
                ",\"sequence\":\"1\",\"id\":\"1\"" + time + ",\"data\":1}",
                sequence + ",\"id\":\"\\u0031\"" + time + ",\"data\":1}",
                sequence + ",\"id\":\"ä\"" + time + ",\"data\":1}",
                sequence + ",\"id\":\"1\"" + time + ",\"data\":1,\"more\":\"x\"}",
                sequence + ",\"id\":\"1\"" + time + ",\"more\":\"x\",\"data\":1}",
                sequence + ",\"id\":\"1\"" + time + ",\"data_base64\":\"AA==\"}",
                sequence + ",\"id\":\"1\",\"time\":\"2026-11-21T10:00:00+01:00\",\"data\":1}",
                sequence + ",\"id\":\"1\",\"data\":1}",
                sequence + ",\"id\":\"1\", \"time\":\"2026-11-21T10:00:00Z\",\"data\":1}")) {
            assertNull(quick(message(head + rest)), rest);
            assertNotNull(codec.read(TOPIC, message(head + rest), known));
        }
        for (String wrong : List.of(
                sequence + ",\"id\":\"\"" + time + ",\"data\":1}",
                sequence + ",\"id\":\"1\"" + time + ",\"data\":}",
                sequence + ",\"id\":\"1\"" + time + ",\"data\":1,\"data\":2}",
                sequence + ",\"id\":\"1\"" + time + ",\"data\":[1}",
                sequence + ",\"id\":\"1\",\"time\":\"2026-11-31T10:00:00Z\",\"data\":1}")) {
            assertThrows(IOException.class, () -> codec.read(TOPIC, message(head + wrong), known), wrong);
        }
    }

    @Test
    void anEventWithRandomBytesChangedIsReadAsInTheLongWayOrNotAtAll() throws IOException {
        Random random = new Random(20261122);
        codec.read(TOPIC, event("T", 1, 1), known);
        int quick = 0;
        for (int round = 0; round < 50_000; round++) {
            byte[] changed = event("T", round, round % 2 == 0 ? Map.of("a", "x,}\"") : List.of(1, round))
                    .bytes()
                    .clone();
            for (int i = random.nextInt(3); i > 0; i--) {
                byte old = changed[random.nextInt(changed.length)];
                changed[random.nextInt(changed.length)] = random.nextBoolean() ? old : (byte) random.nextInt(256);
            }
            Message message = new Message(changed, 0, changed.length);
            Envelope fast = quick(message);
            if (fast == null) {
                continue;
            }
            quick++;
            Envelope slow = null;
            try {
                slow = codec.read(TOPIC, message);
            } catch (IOException e) {
                assertThrows(IOException.class, () -> fast.as(payloads, payloads.target(JsonNode.class)));
            }
            if (slow != null) {
                assertSame(slow, fast, message);
            }
        }
        assertTrue(quick > 10_000, quick + " were read quickly");
    }

    /** Sources and types that begin alike, differ in a byte, or are escaped, in events that are whole and broken. */
    @Test
    void whatThousandsOfSendersMixIsReadAsInTheLongWay() throws IOException {
        Random random = new Random(20261129);
        String[] endings = {"", "a", "aa", "\"", "\\", "\\\"", "\u00e4", "\",\"type\":\"T"};
        int quick = 0;
        for (int round = 0; round < 60_000; round++) {
            String source = "/nodes/" + random.nextInt(300) + endings[random.nextInt(endings.length)];
            String type = "T" + endings[random.nextInt(3)] + (random.nextInt(20) == 0 ? endings[5] : "");
            String head = new String(EventCodec.head(source, type), StandardCharsets.UTF_8);
            String rest = TOPIC + "\",\"sequence\":\"0000000000000001\",\"id\":\"" + round
                    + "\",\"time\":\"2026-11-21T10:00:00.5Z\",\"data\":[" + round + "]}";
            byte[] bytes = (head + rest).getBytes(StandardCharsets.UTF_8);
            if (round % 3 == 0) {
                bytes[random.nextInt(head.length())] = (byte) "\"\\,:{}aT0 ".charAt(random.nextInt(10));
            }
            Message message =
                    new Message(bytes, 0, bytes.length - (round % 50 == 0 ? random.nextInt(bytes.length) : 0));
            Envelope slow = null;
            try {
                slow = codec.read(TOPIC, message);
            } catch (IOException e) {
                assertThrows(IOException.class, () -> codec.read(TOPIC, message, known), message.toString());
            }
            if (slow != null) {
                quick += quick(message) == null ? 0 : 1;
                assertSame(slow, codec.read(TOPIC, message, known), message);
            }
        }
        assertTrue(quick > 10_000, quick + " were read quickly");
    }

    @Test
    void timesAreReadAsTheyWereWritten() {
        Random random = new Random(20261123);
        for (int i = 0; i < 10_000; i++) {
            Instant time = Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000));
            Instant rounded = switch (i % 3) {
                case 0 -> Instant.ofEpochSecond(time.getEpochSecond());
                case 1 -> Instant.ofEpochMilli(time.toEpochMilli());
                default -> time;
            };
            String text = rounded.toString();
            assertEquals(rounded, timestamps.read(message(text), 0, text.length()), text);
        }
        for (String other :
                List.of("2026-11-21T10:00:00+00:00", "2026-11-21T10:00:00.Z", "2026-11-21T10:00:61Z", "Z")) {
            assertNull(timestamps.read(message(other), 0, other.length()), other);
        }
    }

    private @Nullable Envelope quick(Message message) {
        return known.read(TOPIC, message, timestamps);
    }

    private Envelope assertNotNullQuick(Message message) {
        Envelope envelope = quick(message);
        assertNotNull(envelope, message.toString());
        return envelope;
    }

    private void assertSame(Envelope expected, Envelope actual, Message message) throws IOException {
        Payloads.Target tree = payloads.target(JsonNode.class);
        Object read;
        try {
            read = expected.as(payloads, tree);
        } catch (IOException e) { // it is an event, and its data cannot be read
            assertThrows(IOException.class, () -> actual.as(payloads, tree), message.toString());
            return;
        }
        assertEquals(read, actual.as(payloads, tree), message.toString());
        assertEquals(expected.weight(), actual.weight());
    }

    private Message event(String type, int number, Object data) {
        return event(codec, codec.prefix(TOPIC, type), number, data);
    }

    private Message event(EventCodec by, byte[] prefix, int number, Object data) {
        byte[] written = by.write(prefix, Map.of(), payloads.write(data));
        byte[] digits = String.format("%016d", number).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(digits, 0, written, prefix.length, digits.length);
        return new Message(written, 0, written.length);
    }

    private static Message message(String text) {
        byte[] bytes = ("##" + text + "##").getBytes(StandardCharsets.UTF_8); // as it lies inside a frame
        return new Message(bytes, 2, bytes.length - 4);
    }
}
