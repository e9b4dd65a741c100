package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.Period;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values at the edges of their types, and JSON that others may write for them: taken as it is, or refused. */
class StrangeValuesTest {

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes(@JsonSubTypes.Type(value = Numbers.class, name = "numbers"))
    interface Typed {}

    record Numbers(byte small, float half, double whole, int plain, double @Nullable [] many) implements Typed {}

    record Node(String name, @Nullable Node next) {}

    record Holder<T>(T value) {}

    static final class Cycle {

        public @Nullable Cycle self;

        Cycle() {}
    }

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final Bus server = Bus.builder(network.open()).build();
    private final Bus bus = Bus.builder(network.open()).build();
    private final RpcClient client = RpcClient.on(bus);

    @AfterEach
    void close() {
        bus.close();
        server.close();
    }

    private static final Map<String, TypeReference<?>> TYPES = Map.ofEntries(
            Map.entry("int", new TypeReference<Integer>() {}),
            Map.entry("long", new TypeReference<Long>() {}),
            Map.entry("byte", new TypeReference<Byte>() {}),
            Map.entry("char", new TypeReference<Character>() {}),
            Map.entry("double", new TypeReference<Double>() {}),
            Map.entry("float", new TypeReference<Float>() {}),
            Map.entry("decimal", new TypeReference<BigDecimal>() {}),
            Map.entry("integer", new TypeReference<BigInteger>() {}),
            Map.entry("boolean", new TypeReference<Boolean>() {}),
            Map.entry("instant", new TypeReference<Instant>() {}),
            Map.entry("time", new TypeReference<LocalTime>() {}),
            Map.entry("date", new TypeReference<LocalDate>() {}),
            Map.entry("duration", new TypeReference<Duration>() {}),
            Map.entry("period", new TypeReference<Period>() {}),
            Map.entry("uuid", new TypeReference<UUID>() {}),
            Map.entry("day", new TypeReference<DayOfWeek>() {}),
            Map.entry("optional", new TypeReference<Optional<Long>>() {}),
            Map.entry("optionalInt", new TypeReference<OptionalInt>() {}),
            Map.entry("days", new TypeReference<EnumMap<DayOfWeek, Integer>>() {}),
            Map.entry("ints", new TypeReference<int[]>() {}),
            Map.entry("bytes", new TypeReference<byte[]>() {}),
            Map.entry("list", new TypeReference<List<Long>>() {}),
            Map.entry("map", new TypeReference<Map<Integer, Long>>() {}),
            Map.entry("typed", new TypeReference<Typed>() {}),
            Map.entry("node", new TypeReference<Node>() {}),
            Map.entry("holder", new TypeReference<Holder<List<Optional<Byte>>>>() {}));

    private Object read(String type, String json) throws Exception {
        JsonNode value = bus.json().readTree(json);
        RpcServer.on(server).serve("strange.get", params -> value).ready().get(10, SECONDS);
        TypeReference<?> reference = Objects.requireNonNull(TYPES.get(type), type);
        return client.call("strange.get", reference, CallOptions.defaults()).get(10, SECONDS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "int       | 2147483647",
                "int       | \"5\"",
                "long      | 9007199254740993",
                "char      | \"a\"",
                "double    | -0.0",
                "double    | \"NaN\"",
                "double    | \"-Infinity\"",
                "double    | 4.9E-324",
                "double    | 1",
                "decimal   | 1E+1000",
                "decimal   | 1E-1000",
                "decimal   | \"1.10\"",
                "instant   | \"+10000-01-01T00:00:00Z\"",
                "instant   | \"-0001-01-01T00:00:00.000000001Z\"",
                "instant   | \"2026-03-29T12:00:00+02:00\"",
                "instant   | \"2016-12-31T23:59:60Z\"", // a leap second, which Java takes for the one before
                "date      | \"+12026-02-28\"",
                "date      | \"2024-02-29\"",
                "time      | \"23:59:59.999999999\"",
                "duration  | \"PT-0.000000001S\"",
                "duration  | \"P1D\"",
                "optional  | null",
                "optional  | 9223372036854775807",
                "days      | {\"MONDAY\":1}",
                "map       | {\"-1\":1}",
                "list      | [null]",
                "typed     | {\"kind\":\"numbers\",\"small\":-128}",
                "typed     | {\"small\":127,\"half\":1.5,\"kind\":\"numbers\",\"unknown\":[{}]}",
                "node      | {\"name\":\"a\",\"next\":{\"name\":\"b\"}}",
                "holder    | {\"value\":[1,null]}",
            })
    void isRead(String type, String json) throws Exception {
        read(type, json);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "int       | 2147483648",
                "int       | 3.5",
                "int       | 3.0",
                "int       | 1e2",
                "int       | [1]",
                "int       | {}",
                "int       | \"\"",
                "int       | \"0x10\"",
                "int       | true",
                "long      | 9223372036854775808",
                "long      | 1.5",
                "byte      | 200",
                "byte      | -129",
                "char      | \"ab\"",
                "char      | \"\"",
                "char      | -1",
                "double    | 1e400",
                "double    | \"many\"",
                "float     | 1e39",
                "integer   | 1.5",
                "boolean   | 1",
                "boolean   | \"\"",
                "instant   | \"2026-02-30T00:00:00Z\"",
                "instant   | \"yesterday\"",
                "time      | \"24:00:01\"",
                "date      | \"2023-02-29\"",
                "date      | \"12026-01-01\"",
                "duration  | \"1 hour\"",
                "period    | \"PT1H\"",
                "uuid      | \"abc\"",
                "day       | 1",
                "day       | \"monday\"",
                "day       | \"\"",
                "optional  | 1.5",
                "optional  | []",
                "optionalInt | 2147483648",
                "optionalInt | \"a\"",
                "days      | {\"Funday\":1}",
                "ints      | [1.5]",
                "ints      | [null]",
                "ints      | 1",
                "bytes     | \"***\"",
                "list      | 1",
                "list      | {\"0\":1}",
                "list      | [1.5]",
                "map       | {\"a\":1}",
                "map       | {\"1.0\":1}",
                "map       | []",
                "typed     | {}",
                "typed     | {\"kind\":\"java.lang.String\"}",
                "typed     | {\"kind\":\"numbers\",\"small\":200}",
                "typed     | {\"small\":200,\"kind\":\"numbers\"}",
                "typed     | {\"half\":1e39,\"kind\":\"numbers\"}",
                "typed     | {\"whole\":1e400,\"kind\":\"numbers\"}",
                "typed     | {\"many\":[1e400],\"kind\":\"numbers\"}",
                "typed     | {\"plain\":3.5,\"kind\":\"numbers\"}",
                "typed     | {\"plain\":\"\",\"kind\":\"numbers\"}",
                "node      | {\"name\":\"a\",\"next\":\"b\"}",
                "holder    | {\"value\":[200]}",
            })
    void isRefused(String type, String json) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> read(type, json));
        assertEquals(
                Reason.BAD_REPLY,
                assertInstanceOf(RpcException.class, e.getCause()).reason());
        assertFalse(String.valueOf(e.getMessage()).contains("jackson"), e.getMessage());
    }

    @Test
    void whatCannotBeWrittenSaysWhy() {
        Node deep = new Node("a", null);
        for (int i = 0; i < 70; i++) {
            deep = new Node("a", deep);
        }
        Cycle cycle = new Cycle();
        cycle.self = new Cycle();
        cycle.self.self = cycle;
        List<Object> within = new ArrayList<>();
        within.add(within);
        for (Object wrong : List.of(deep, cycle, within)) {
            String message = refusal(wrong);
            assertTrue(message.contains("nesting depth (65) exceeds the maximum allowed (64)"), message);
            assertTrue(message.length() < 300, message);
        }
        cycle.self = cycle;
        assertTrue(refusal(cycle).endsWith("Direct self-reference leading to cycle"));
    }

    @Test
    void halfACharacterArrivesInAValueAndIsRefusedInAKey() throws Exception {
        RpcServer.on(server)
                .serve("strange.first", params -> params.path(0))
                .ready()
                .get(10, SECONDS);
        for (String text : List.of("a\ud83d", "\ude00", "\ud83da", "\ude00\ud83d")) {
            assertEquals(text, client.call("strange.first", String.class, text).get(10, SECONDS));
            assertTrue(refusal(Map.of(text, 1)).endsWith("a key in it has half of a surrogate pair"));
        }
        String whole = "\ud83d\ude00\uffff\u0000\ufeff";
        JsonNode echoed = client.call("strange.first", JsonNode.class, Map.of(whole, whole))
                .get(10, SECONDS);
        assertEquals(whole, echoed.path(whole).asText());
    }

    private String refusal(Object value) {
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, () -> bus.publish("n", value))
                .getMessage());
        String called = String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> client.call("strange.get", Integer.class, value))
                        .getMessage());
        assertEquals(message.replaceAll("^.*? as JSON: ", ""), called.replaceAll("^.*? as JSON: ", ""));
        return message;
    }
}
