package dev.omnibus.rpc.internal.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.internal.channel.Message;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The meta of callers who can only choose params. */
class RequestParserTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String META =
            "{\"from\":\"me\",\"replyTo\":\"bus:inbox:me\",\"ttl\":70,\"key\":\"k\",\"traceparent\":\"t\","
                    + "\"headers\":{\"a\":\"b\"},\"more\":[1]}";

    private final RpcCodec codec = new RpcCodec(JSON, "n", "bus:inbox:n");

    private RpcCodec.Request read(String text) throws RpcCodec.BadRequest {
        byte[] bytes = ("  " + text + " ").getBytes(UTF_8); // as part of a frame
        return codec.readRequest(new Message(bytes, 2, bytes.length - 3));
    }

    private static JsonNode params(RpcCodec.Request request) throws IOException {
        return JSON.readTree(String.valueOf(request.params()));
    }

    @Test
    void itIsReadLikeMetaAndIsNoArgument() throws IOException {
        RpcCodec.Request request =
                read("{\"params\":{\"_meta\":" + META + ",\"sku\":\"s\"},\"method\":\"a.b\",\"id\":1}");

        assertEquals("me", request.from());
        assertEquals("bus:inbox:me", request.replyTo());
        assertEquals(70, request.ttlMillis());
        assertEquals("k", request.key());
        assertEquals(Map.of("traceparent", "t", "a", "b"), request.headers());
        assertEquals("{\"sku\":\"s\"}", params(request).toString());
    }

    @Test
    void metaItselfWins() throws IOException {
        for (String order : new String[] {"{%s,%s,\"method\":\"a.b\",\"id\":1}", "{%2$s,%1$s,\"method\":\"a.b\"}"}) {
            RpcCodec.Request request = read(String.format(
                    order,
                    "\"params\":{\"_meta\":" + META + "}",
                    "\"meta\":{\"from\":\"top\",\"ttl\":5,\"headers\":{\"c\":\"d\"}}"));

            assertEquals("top", request.from());
            assertEquals(5, request.ttlMillis());
            assertEquals(Map.of("traceparent", "t", "c", "d"), request.headers());
            assertEquals("bus:inbox:me", request.replyTo(), "what it does not say is taken from there");
            assertEquals("{}", params(request).toString());
        }
    }

    @Test
    void onlyTheOneInParamsThemselvesCounts() throws IOException {
        RpcCodec.Request request =
                read("{\"params\":{\"x\":{\"_meta\":{\"from\":\"deep\"}}},\"method\":\"a.b\",\"_meta\":1}");
        assertEquals("", request.from());
        assertEquals("{\"x\":{\"_meta\":{\"from\":\"deep\"}}}", String.valueOf(request.params()));
        assertEquals(
                "[{\"_meta\":1}]",
                String.valueOf(
                        read("{\"params\":[{\"_meta\":1}],\"method\":\"a.b\"}").params()));
    }

    @Test
    void whatIsWrongInItIsSaid() {
        for (String[] wrong : new String[][] {
            {"7", "the _meta in its params is not an object"},
            {"{\"from\":\"a b\"}", "its from is not a node id"},
            {"{\"ttl\":\"x\"}", "its ttl is not a whole number of milliseconds"}
        }) {
            RpcCodec.BadRequest e = assertThrows(
                    RpcCodec.BadRequest.class,
                    () -> read("{\"params\":{\"_meta\":" + wrong[0] + "},\"method\":\"a.b\",\"id\":7}"));
            assertEquals(wrong[1], e.getMessage());
            assertEquals("7", e.request().id(), "it can be answered");
        }
    }

    @Test
    void whereverItStandsTheOtherParamsStayAsTheyAre() throws IOException {
        Random random = new Random(11);
        String[] values = {"1", "-1.50e3", "\"ü\\\"}, \"", "null", "true", "[1,{\"_meta\":2}]", "{\"a\":{}}", "\"\""};
        String[] gaps = {"", " ", "\n\t", "  "};
        for (int round = 0; round < 2_000; round++) {
            int count = random.nextInt(6);
            int metaAt = random.nextInt(count + 2); // perhaps nowhere
            StringBuilder text = new StringBuilder("{");
            ObjectNode expected = JSON.createObjectNode();
            boolean first = true;
            for (int i = 0; i <= count; i++) {
                boolean meta = i == metaAt;
                if (i == count && !meta) {
                    break;
                }
                String name = meta ? "_meta" : "p" + i;
                String value = meta ? "{\"from\":\"m" + round + "\"}" : values[random.nextInt(values.length)];
                text.append(first ? "" : ",")
                        .append(gap(random, gaps))
                        .append('"')
                        .append(name)
                        .append('"');
                text.append(gap(random, gaps))
                        .append(':')
                        .append(gap(random, gaps))
                        .append(value);
                text.append(gap(random, gaps));
                first = false;
                if (!meta) {
                    expected.set(name, JSON.readTree(value));
                }
            }
            String params = text.append('}').toString();
            RpcCodec.Request request = read("{\"params\":" + params + ",\"id\":1,\"method\":\"a.b\"}");

            assertEquals(expected, params(request), params);
            assertEquals(metaAt <= count ? "m" + round : "", request.from(), params);
            assertEquals(
                    params.getBytes(UTF_8).length,
                    Objects.requireNonNull(request.params()).length(),
                    params);
        }
    }

    private static String gap(Random random, String[] gaps) {
        return gaps[random.nextInt(gaps.length)];
    }
}
