package dev.omnibus.rpc.internal.wire;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.rpc.NodeInfo;
import dev.omnibus.rpc.internal.directory.Manifests;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RpcCodecTest {

    private static final String INBOX = "bus:inbox:desk-k3xq7m2v9bca";

    private final RpcCodec codec = new RpcCodec(
            new ObjectMapper()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES),
            "desk-k3xq7m2v9bca",
            INBOX);
    private final Arguments.Reader textAndNumber = reader("text", "number");

    @SuppressWarnings("UnusedVariable")
    record Picky(int number) {
        Picky {
            if (number < 0) {
                throw new IllegalStateException("negative");
            }
        }
    }

    @Test
    void whatIsWrittenIsWhatTheProtocolPageShows() throws Exception {
        RpcCodec.Request request = codec.readRequest(golden("request"));

        assertEquals(golden("request").toString(), text(codec.request(7, "stock.left", utf8("[\"sku-1\"]"), 4990)));
        assertEquals(golden("result").toString(), text(codec.response(request.id(), codec.result(3))));
        assertEquals(
                golden("error").toString(),
                text(codec.response(
                        request.id(), RpcCodec.error(RpcCodec.OVERLOADED, "busy", "{\"retryAfterMs\":100}"))));
        assertEquals(golden("notification").toString(), text(codec.notification("$/joined", Map.of("node", "shop-1"))));
    }

    @Test
    void keysHeadersCancellationsAndFaultsAreWrittenAsTheProtocolPageShows() throws Exception {
        byte[] left = codec.methodPart("stock.left");
        byte[] headers = RpcCodec.headerPart(Map.of("tenant", "north"));
        byte[] params = utf8("[\"sku-1\"]");

        assertEquals(
                golden("request-full").toString(), text(codec.request(8, left, params, 4990, "order-17", headers)));
        assertEquals(
                golden("one-way").toString(),
                text(codec.request(0, codec.methodPart("stock.looked"), params, 4990, "9", new byte[0])));
        assertEquals(golden("cancel").toString(), text(codec.cancel(7)));
        JsonNode details = new ObjectMapper().readTree("{\"sku\":\"sku-1\",\"left\":0}");
        assertEquals(
                golden("fault").toString(),
                text(codec.response("7", RpcCodec.fault(1, "none left", "SoldOut", codec.bytes(details)))));
    }

    @Test
    void keysHeadersCancellationsAndFaultsAreReadBack() throws Exception {
        RpcCodec.Request full = codec.readRequest(golden("request-full"));
        assertEquals("order-17", full.key());
        assertEquals(Map.of("tenant", "north"), full.headers());
        assertEquals(
                Map.of("a", "1"),
                codec.readRequest(
                                message("{\"method\":\"a.b\",\"meta\":{\"headers\":{\"x\":1,\"a\":\"1\",\"y\":[{}]}}}"))
                        .headers());

        RpcCodec.Request cancel = codec.readRequest(golden("cancel"));
        assertEquals(RpcCodec.CANCEL, cancel.method());
        RpcCodec.Request which = codec.readCancel(cancel.params());
        assertEquals("7 desk-k3xq7m2v9bca", which.id() + " " + which.from());

        RpcCodec.Response fault = codec.readResponse(golden("fault"));
        assertEquals("SoldOut", fault.type());
        assertEquals("{\"sku\":\"sku-1\",\"left\":0}", String.valueOf(fault.details()));
        assertEquals(100, codec.readResponse(golden("error")).retryAfterMillis());
        RpcCodec.Response strange =
                codec.readResponse(message("{\"id\":1,\"meta\":{\"from\":\"a\"},\"error\":{\"code\":-32002,"
                        + "\"message\":\"x\",\"data\":{\"retryAfterMs\":99999999999999999999,\"type\":{}}}}"));
        assertEquals(0, strange.retryAfterMillis());
        RpcCodec.Response late = codec.readResponse(
                message("{\"id\":1,\"meta\":{\"from\":\"a\"},\"error\":{\"code\":-32002,\"message\":\"x\","
                        + "\"data\":{\"retryAfterMs\":9223372036854775807}}}"));
        assertEquals(Integer.MAX_VALUE, late.retryAfterMillis(), "or the pause would overflow, and be none");
        assertEquals(
                7,
                codec.readResponse(message("{\"id\":7,\"meta\":{\"from\":\"a\"},\"error\":{\"code\":1,\"data\":[7]}}"))
                        .id());
    }

    @Test
    void whatIsWrittenIsReadBack() throws Exception {
        RpcCodec.Request request = codec.readRequest(golden("request"));
        assertEquals("7", request.id());
        assertEquals("stock.left", request.method());
        assertEquals("[\"sku-1\"]", String.valueOf(request.params()));
        assertEquals("desk-k3xq7m2v9bca", request.from());
        assertEquals(INBOX, request.replyTo());
        assertEquals(4990, request.ttlMillis());

        RpcCodec.Response result = codec.readResponse(golden("result"));
        assertEquals(7, result.id());
        assertEquals("3", String.valueOf(result.result()));
        assertEquals("desk-k3xq7m2v9bca", result.from());

        RpcCodec.Response error = codec.readResponse(golden("error"));
        assertEquals(RpcCodec.OVERLOADED, error.code());
        assertEquals("busy", error.message());

        RpcCodec.Request notification = codec.readRequest(golden("notification"));
        assertEquals("", notification.id());
        assertEquals(RpcCodec.DEFAULT_TTL_MILLIS, notification.ttlMillis());
        assertEquals("shop-1", Manifests.node(params(notification)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"7", "-12345678901234567890", "\"a \\u00e9 \\\" b\"", "null"})
    void anIdIsSentBackAsItWasWritten(String id) throws Exception {
        RpcCodec.Request request =
                codec.readRequest(message(" {\"id\" : " + id + " ,\"params\": [ ] ,\"method\":\"a.b\"}"));

        assertEquals(id, request.id());
        assertEquals("[ ]", String.valueOf(request.params()));
        assertEquals(
                "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"meta\":{\"from\":\"desk-k3xq7m2v9bca\"},\"result\":null}",
                text(codec.response(request.id(), codec.result(null))));
    }

    /** As none at all, or as one that says whose it is, and no more. */
    private boolean isRefused(Message response) {
        try {
            return codec.readResponse(response).code() == RpcCodec.UNREADABLE;
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void aTruncatedMessageIsRefusedWhereverItEnds() throws Exception {
        for (String name : List.of("request", "request-full", "result", "error", "fault", "notification", "cancel")) {
            byte[] whole = utf8(golden(name).toString());
            for (int length = 0; length < whole.length; length++) {
                Message cut = new Message(Arrays.copyOf(whole, length), 0, length);
                assertThrows(IOException.class, () -> codec.readRequest(cut), cut::toString);
                assertTrue(isRefused(cut), cut::toString);
            }
        }
    }

    @Test
    void damagedMessagesGiveNothingWorseThanAnIoException() throws Exception {
        Random random = new Random(20261121);
        for (String name : List.of("request", "request-full", "result", "error", "fault", "notification", "cancel")) {
            byte[] whole = utf8(golden(name).toString());
            for (int i = 0; i < 5_000; i++) {
                byte[] damaged = whole.clone();
                for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
                }
                Message message = new Message(damaged, 0, damaged.length);
                try {
                    RpcCodec.Request read = codec.readRequest(message);
                    assertNotNull(reader("a", "b").read(read.params()));
                } catch (IOException expected) {
                    assertNotNull(expected.getMessage());
                }
                try {
                    assertNotNull(codec.readResponse(message));
                } catch (IOException expected) {
                    assertNotNull(expected.getMessage());
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "7",
                "{\"id\":1}",
                "{\"method\":7}",
                "{\"method\":\"a.b\",\"jsonrpc\":\"1.0\"}",
                "{\"method\":\"a.b\",\"id\":1.5}",
                "{\"method\":\"a.b\",\"id\":{\"x\":[1]}}",
                "{\"method\":\"a.b\",\"meta\":[{}]}",
                "{\"method\":\"a.b\",\"meta\":{\"ttl\":\"soon\"}}",
                "{\"method\":\"a.b\",\"meta\":{\"ttl\":99999999999999999999}}",
                "{\"method\":\"a.b\",\"meta\":{\"from\":\"a\\nERROR forged\"}}",
                "{\"method\":\"a.b\",\"meta\":{\"replyTo\":{}}}",
                "{\"method\":\"a.b\",\"meta\":{\"key\":7}}",
                "{\"method\":\"a.b\",\"meta\":{\"headers\":[\"x\"]}}",
            })
    void aMalformedRequestIsRefused(String text) {
        assertThrows(RpcCodec.BadRequest.class, () -> codec.readRequest(message(text)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{\"meta\":{\"from\":\"a\"},\"result\":1}",
                "{\"id\":1,\"result\":1}",
                "{\"id\":1,\"meta\":{\"from\":\"a b\"},\"result\":1}",
                "{\"id\":99999999999999999999,\"meta\":{\"from\":\"a\"},\"result\":1}",
                "{\"id\":1,\"meta\":{\"from\":\"a\"}}",
                "{\"id\":1,\"meta\":{\"from\":\"a\"},\"error\":{}}",
                "{\"id\":1,\"meta\":{\"from\":\"a\"},\"error\":7}",
                "{\"id\":1,\"meta\":{\"from\":\"a\"},\"error\":{\"code\":99999999999,\"message\":\"x\"}}",
                "{\"id\":1,\"meta\":{\"from\":\"a\"},\"result\":1,\"error\":{\"code\":1,\"message\":\"x\"}}",
            })
    void aMalformedResponseIsRefused(String text) {
        assertTrue(isRefused(message(text)));
    }

    @Test
    void whatIsRememberedOfARequestIsBounded() {
        for (String field : List.of("\"id\":\"%s\"", "\"meta\":{\"key\":\"%s\"}", "\"meta\":{\"from\":\"%s\"}")) {
            String text = "{\"method\":\"a.b\"," + String.format(field, "x".repeat(5_000)) + "}";
            RpcCodec.BadRequest e = assertThrows(RpcCodec.BadRequest.class, () -> codec.readRequest(message(text)));
            assertEquals(
                    true,
                    String.valueOf(e.getMessage()).matches("its \\w+ has \\d+ \\w+; it may have \\d+"),
                    e.getMessage());
        }
    }

    @Test
    void otherEncodingsThanUtf8AreRefused() {
        byte[] wide = "{\"method\":\"a.b\",\"id\":1,\"params\":[]}".getBytes(UTF_16LE);
        assertThrows(IOException.class, () -> codec.readRequest(new Message(wide, 0, wide.length)));
    }

    @Test
    void aBadRequestStillTellsWhomToAnswer() {
        RpcCodec.BadRequest e = assertThrows(
                RpcCodec.BadRequest.class,
                () -> codec.readRequest(message(
                        "{\"method\":{\"a\":[1]},\"meta\":{\"ttl\":{},\"replyTo\":\"" + INBOX + "\"},\"id\":9}")));

        assertEquals("its method is not a string", e.getMessage());
        assertEquals("9", e.request().id());
        assertEquals(INBOX, e.request().replyTo());
    }

    @Test
    void argumentsComeByPositionOrByName() throws Exception {
        Object[] expected = {"x", 2};

        assertArrayEquals(expected, textAndNumber.read(message("[\"x\",2]")));
        assertArrayEquals(expected, textAndNumber.read(message("{\"number\":2,\"_meta\":{\"a\":[]},\"text\":\"x\"}")));
        assertEquals(0, codec.argumentReader("stock.left", List.of(), List.of()).read(null).length);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "7",
                "[]",
                "[\"x\"]",
                "[\"x\",2,3]",
                "[\"x\",null]",
                "[\"x\",\"y\"]",
                "{\"text\":\"x\"}",
                "{\"text\":\"x\",\"text\":\"y\"}"
            })
    void argumentsThatDoNotFitAreRefused(String params) {
        assertThrows(IOException.class, () -> textAndNumber.read(message(params)));
    }

    @Test
    void whatAProgramsOwnConstructorThrowsIsAnIoException() {
        ObjectReader picky = codec.reader(Picky.class);
        assertThrows(IOException.class, () -> RpcCodec.decode(picky, message("{\"number\":-1}")));
        assertThrows(IOException.class, () -> RpcCodec.decode(codec.reader(int.class), message("null")));
    }

    @Test
    void manifestsWithoutSubstanceAreRefused() {
        ObjectReader manifests = codec.reader(NodeInfo.class);
        Stream.of("{}", "{\"node\":\"a\"}", "{\"node\":\"a\",\"services\":{\"s\":null}}", "{\"services\":{}}")
                .forEach(
                        text -> assertThrows(IOException.class, () -> RpcCodec.decode(manifests, message(text)), text));
    }

    private Arguments.Reader reader(String... names) {
        return codec.argumentReader("stock.left", List.of(names), List.of(String.class, int.class));
    }

    /** In the middle of a larger frame, as most messages are. */
    private static Message message(String text) {
        byte[] frame = utf8("[{}," + text + ",{}]");
        return new Message(frame, 4, utf8(text).length);
    }

    private static Message params(RpcCodec.Request request) {
        assertNotNull(request.params());
        return request.params();
    }

    private static Message golden(String name) throws IOException {
        try (InputStream in = RpcCodecTest.class.getResourceAsStream("/wire/v1/" + name + ".json")) {
            byte[] bytes = in.readAllBytes();
            return new Message(bytes, 0, bytes.length);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, UTF_8);
    }
}
