package dev.omnibus.rpc.internal.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.internal.channel.Message;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is read quickly must be what the long way reads. */
class RpcEnvelopeCacheTest {

    private static final String META =
            ",\"meta\":{\"from\":\"caller-1\",\"replyTo\":\"bus:inbox:caller-1\",\"ttl\":5000";
    private static final String REQUEST = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"stock.left\"" + META;
    private static final String RESULT = "{\"jsonrpc\":\"2.0\",\"id\":7,\"meta\":{\"from\":\"server-1\"},\"result\":";

    private final ObjectMapper json = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private final RpcCodec codec = new RpcCodec(json, "caller-1", "bus:inbox:caller-1");
    private final RpcCodec server = new RpcCodec(json, "server-1", "bus:inbox:server-1");
    private final RpcEnvelopeCache known = codec.envelopeCache();

    @Test
    void theSecondRequestOfACallerIsReadQuicklyAndIsTheSame() throws IOException {
        assertNull(known.readRequest(request(1, "")));
        codec.readRequest(request(1, ""), known);
        for (Message second : List.of(request(2, ""), request(999_999_999_999L, "key-1"))) {
            RpcCodec.Request fast = known.readRequest(second);
            assertNotNull(fast);
            assertSame(codec.readRequest(second), fast);
        }
        assertNull(known.readRequest(request(0, "")), "a notification");
    }

    @Test
    void theSecondResultOfANodeIsReadQuicklyAndIsTheSame() throws IOException {
        assertNull(known.readResponse(result(1, 17)));
        codec.readResponse(result(1, 17), known);
        for (Object value : List.of(17, "te\"xt}", List.of(1, Map.of()), Map.of("a", "]"), json.nullNode())) {
            Message second = result(2, value);
            RpcCodec.Response fast = known.readResponse(second);
            assertNotNull(fast, second.toString());
            assertSame(codec.readResponse(second), fast);
        }
        assertNull(known.readResponse(message(server.response("2", RpcCodec.error(-32603, "no", "")))));
    }

    @Test
    void aNameOfAnySizeIsNotRemembered() throws IOException {
        String method = "stock." + "x".repeat(2_048);
        Message longMethod = message(REQUEST.replace("stock.left", method) + "},\"params\":[1]}");
        assertEquals(method, codec.readRequest(longMethod, known).method());
        assertNull(known.readRequest(longMethod));

        Message longNode = message(RESULT.replace("server-1", "s".repeat(513)) + "1}");
        assertThrows(IOException.class, () -> codec.readResponse(longNode, known));
    }

    @Test
    void whatIsWrittenInAnotherWayIsLeftToTheLongWay() throws IOException {
        codec.readRequest(message(REQUEST + "},\"params\":[1]}"), known);
        assertNotNull(known.readRequest(message(REQUEST + "},\"params\":[1]}")));
        for (String other : List.of(
                REQUEST + "},\"params\":[1],\"more\":1}",
                REQUEST + ",\"key\":\"\\u0031\"},\"params\":[1]}",
                REQUEST + ",\"headers\":{\"a\":\"b\"}},\"params\":[1]}",
                REQUEST.replace("\"id\":7", "\"id\":\"7\"") + "},\"params\":[1]}",
                REQUEST.replace("\"ttl\":5000", "\"ttl\":-1") + "},\"params\":[1]}",
                REQUEST.replace("{\"json", "{ \"json") + "},\"params\":[1]}",
                REQUEST + "}}")) {
            assertNull(known.readRequest(message(other)), other);
            assertNotNull(codec.readRequest(message(other), known));
        }
        for (String wrong : List.of(
                REQUEST.replace("\"id\":7", "\"id\":07") + "},\"params\":[1]}",
                REQUEST + "},\"params\":}",
                REQUEST + "},\"params\":[1}",
                REQUEST.replace("\"ttl\":5000", "\"ttl\":05") + "},\"params\":[1]}")) {
            assertThrows(IOException.class, () -> codec.readRequest(message(wrong), known), wrong);
        }
    }

    @Test
    void messagesWithRandomBytesChangedAreReadAsInTheLongWayOrNotAtAll() throws IOException {
        Random random = new Random(20261124);
        codec.readRequest(request(1, ""), known);
        codec.readResponse(message(RESULT + "1}"), known);
        int quick = 0;
        for (int round = 0; round < 50_000; round++) {
            boolean isRequest = round % 2 == 0;
            byte[] changed = isRequest
                    ? request(round + 1, round % 4 == 0 ? "k" : "").bytes()
                    : result(round, Map.of("a", List.of("x,}"))).bytes();
            for (int i = random.nextInt(3); i > 0; i--) {
                byte old = changed[random.nextInt(changed.length)];
                changed[random.nextInt(changed.length)] = random.nextBoolean() ? old : (byte) random.nextInt(256);
            }
            quick += isRequest ? checkRequest(message(changed)) : checkResponse(message(changed));
        }
        assertTrue(quick > 10_000, quick + " were read quickly");
    }

    /** Callers and nodes whose names begin alike or differ in a byte, in messages that are whole and broken. */
    @Test
    void whatThousandsOfSendersMixIsReadAsInTheLongWay() throws IOException {
        Random random = new Random(20261130);
        int quick = 0;
        for (int round = 0; round < 60_000; round++) {
            String node = "n" + random.nextInt(1_500) + "0".repeat(random.nextInt(3));
            String method = "stock.left" + "1".repeat(random.nextInt(2));
            boolean isRequest = round % 2 == 0;
            String text = isRequest
                    ? REQUEST.replace("caller-1", node).replace("stock.left", method) + "},\"params\":[1]}"
                    : RESULT.replace("server-1", node) + "[1]}";
            byte[] bytes = text.getBytes(UTF_8);
            if (round % 3 == 0) {
                bytes[random.nextInt(bytes.length)] = (byte) "\"\\,:{}n0 ".charAt(random.nextInt(9));
            }
            Message message =
                    new Message(bytes, 0, bytes.length - (round % 50 == 0 ? random.nextInt(bytes.length) : 0));
            quick += isRequest ? checkRequest(message) : checkResponse(message);
            try {
                Object unused = isRequest ? codec.readRequest(message, known) : codec.readResponse(message, known);
            } catch (IOException e) {
                // which the check has seen
            }
        }
        assertTrue(quick > 10_000, quick + " were read quickly");
    }

    private int checkRequest(Message message) throws IOException {
        RpcCodec.Request fast = known.readRequest(message);
        if (fast == null) {
            return 0;
        }
        RpcCodec.Request slow;
        try {
            slow = codec.readRequest(message);
        } catch (IOException e) {
            assertUnreadable(fast.params(), message);
            return 1;
        }
        assertSame(slow, fast);
        return 1;
    }

    private int checkResponse(Message message) throws IOException {
        RpcCodec.Response fast = known.readResponse(message);
        if (fast == null) {
            return 0;
        }
        RpcCodec.Response slow;
        try {
            slow = codec.readResponse(message);
        } catch (IOException e) {
            assertUnreadable(fast.result(), message);
            return 1;
        }
        if (slow.code() == RpcCodec.UNREADABLE) {
            assertUnreadable(fast.result(), message);
            return 1;
        }
        assertSame(slow, fast);
        return 1;
    }

    private void assertUnreadable(@Nullable Message value, Message message) {
        assertThrows(IOException.class, () -> codec.tree(value), message.toString());
    }

    private static void assertSame(RpcCodec.Request expected, RpcCodec.Request actual) {
        assertEquals(String.valueOf(expected.params()), String.valueOf(actual.params()));
        assertEquals(expected.withoutParams(), actual.withoutParams());
    }

    private static void assertSame(RpcCodec.Response expected, RpcCodec.Response actual) {
        assertEquals(String.valueOf(expected.result()), String.valueOf(actual.result()));
        assertEquals(
                List.of(expected.id(), expected.from(), expected.code(), expected.message(), expected.type()),
                List.of(actual.id(), actual.from(), actual.code(), actual.message(), actual.type()));
        assertEquals(expected.retryAfterMillis(), actual.retryAfterMillis());
    }

    private Message request(long id, String key) {
        byte[] params = "[\"sku-1\",{\"a\":[]}]".getBytes(UTF_8);
        return message(codec.request(id, codec.methodPart("stock.left"), params, 5_000, key, new byte[0]));
    }

    private Message result(long id, Object value) throws IOException {
        return message(server.response(Long.toString(id), server.result(value)));
    }

    private static Message message(String text) {
        return message(text.getBytes(UTF_8));
    }

    private static Message message(byte[] bytes) {
        return new Message(bytes, 0, bytes.length);
    }
}
