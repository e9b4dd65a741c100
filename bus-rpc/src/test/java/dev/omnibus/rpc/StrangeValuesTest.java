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
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.Year;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.Currency;
import java.util.Date;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TimeZone;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values at the edges of their types, and JSON that others may write for them: taken as it is, or refused. */
@SuppressWarnings("JavaUtilDate") // it is among the subjects
class StrangeValuesTest {

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes(@JsonSubTypes.Type(value = Numbers.class, name = "numbers"))
    interface Typed {}

    record Numbers(byte small, float half, double whole, int plain, double @Nullable [] many) implements Typed {}

    record Primitives(byte small, short middle, int plain, long large, float half, double whole, boolean yes) {}

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
            Map.entry("primitive", new TypeReference<Primitives>() {}),
            Map.entry("short", new TypeReference<Short>() {}),
            Map.entry("number", new TypeReference<Number>() {}),
            Map.entry("string", new TypeReference<String>() {}),
            Map.entry("optionalDouble", new TypeReference<OptionalDouble>() {}),
            Map.entry("atomic", new TypeReference<AtomicLong>() {}),
            Map.entry("smallKeys", new TypeReference<Map<Byte, Long>>() {}),
            Map.entry("floatKeys", new TypeReference<Map<Float, Long>>() {}),
            Map.entry("doubleKeys", new TypeReference<Map<Double, Long>>() {}),
            Map.entry("floats", new TypeReference<float[]>() {}),
            Map.entry("doubles", new TypeReference<double[]>() {}),
            Map.entry("legacyDate", new TypeReference<Date>() {}),
            Map.entry("calendar", new TypeReference<Calendar>() {}),
            Map.entry("offset", new TypeReference<OffsetDateTime>() {}),
            Map.entry("year", new TypeReference<Year>() {}),
            Map.entry("zone", new TypeReference<ZoneId>() {}),
            Map.entry("timeZone", new TypeReference<TimeZone>() {}),
            Map.entry("currency", new TypeReference<Currency>() {}),
            Map.entry("locale", new TypeReference<Locale>() {}),
            Map.entry("charset", new TypeReference<Charset>() {}),
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
        JsonNode value = BusRuntime.of(bus).json().readTree(json);
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
                "int       | \"+5\"",
                "int       | \" 007 \"",
                "long      | 9007199254740993",
                "byte      | \"-128\"",
                "number    | \"1.10\"",
                "number    | \"NaN\"",
                "string    | 1.10",
                "boolean   | \"true\"",
                "smallKeys | {\"-128\":1}",
                "doubleKeys | {\"-0.0\":1,\"NaN\":2}",
                "doubles   | [\"1.5\",\"Infinity\",1]",
                "bytes     | [1,\"-1\"]",
                "legacyDate | \"2026-03-29T10:00:00.000+00:00\"",
                "legacyDate | \"2024-02-29\"",
                "legacyDate | \"+0000-12-31T23:59:59.999+00:00\"", // the year before the first one
                "year      | 2026",
                "timeZone  | \"GMT+5\"",
                "timeZone  | \"UTC\"",
                "locale    | \"\"",
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
                "int       | \"null\"",
                "int       | \" \"",
                "int       | \"5.0\"",
                "int       | \"\u0665\"",
                "int       | \"2147483648\"",
                "int       | false",
                "short     | \"32768\"",
                "long      | \"9223372036854775808\"",
                "byte      | \"200\"",
                "byte      | \"-129\"",
                "double    | \"1e999\"",
                "double    | \"-1e999\"",
                "double    | \"0x1p3\"",
                "double    | \"5d\"",
                "double    | \"null\"",
                "double    | \"\"",
                "double    | true",
                "float     | \"1e39\"",
                "float     | \"1f\"",
                "decimal   | \"null\"",
                "decimal   | \"1e9999\"",
                "decimal   | \"NaN\"",
                "number    | \"1e999999999\"",
                "number    | \"\"",
                "number    | \"null\"",
                "integer   | \"1.0\"",
                "integer   | \"null\"",
                "boolean   | 0",
                "boolean   | 1.0",
                "boolean   | \"1\"",
                "boolean   | \"yes\"",
                "boolean   | \"null\"",
                "primitive | {\"small\":\"200\"}",
                "primitive | {\"small\":\"null\"}",
                "primitive | {\"middle\":\"32768\"}",
                "primitive | {\"plain\":\"\"}",
                "primitive | {\"large\":\"9223372036854775808\"}",
                "primitive | {\"half\":\"1e39\"}",
                "primitive | {\"whole\":\"1e400\"}",
                "primitive | {\"yes\":1}",
                "primitive | {\"yes\":\"\"}",
                "optionalInt | \"null\"",
                "optionalInt | \"\"",
                "optionalDouble | \"1e999\"",
                "optional  | \"null\"",
                "atomic    | \"null\"",
                "smallKeys | {\"200\":1}",
                "floatKeys | {\"1e39\":1}",
                "doubleKeys | {\"1e999\":1}",
                "doubleKeys | {\"0x1p3\":1}",
                "floats    | [\"1e39\"]",
                "doubles   | [\"1e999\"]",
                "doubles   | [\"\"]",
                "doubles   | [\"null\"]",
                "bytes     | [200]",
                "bytes     | [\"200\"]",
                "ints      | [\"null\"]",
                "ints      | [\"\"]",
                "instant   | 1700000000",
                "instant   | 1700000000.5",
                "instant   | \"1700000000\"",
                "instant   | \"\"",
                "instant   | \"null\"",
                "instant   | true",
                "offset    | 1700000000000",
                "offset    | \"1700000000.5\"",
                "date      | 20000",
                "date      | \"\"",
                "time      | 5",
                "duration  | 5",
                "duration  | 1.5",
                "duration  | \"\"",
                "period    | \"\"",
                "year      | \"\"",
                "zone      | \"\"",
                "zone      | \"Nowhere/At_all\"",
                "legacyDate | 1700000000000",
                "legacyDate | \"1700000000000\"",
                "legacyDate | \"2026-02-30T00:00:00Z\"",
                "legacyDate | \"2026-01-01T25:00:00Z\"",
                "legacyDate | \"\"",
                "legacyDate | \"null\"",
                "calendar  | 1700000000000",
                "calendar  | \"\"",
                "timeZone  | \"Nowhere/At_all\"",
                "timeZone  | \"\"",
                "currency  | \"\"",
                "charset   | \"\"",
                "uuid      | \"\"",
                "day       | \"null\"",
                "day       | \"1\"",
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
            assertTrue(refusal(Map.of(text, 1)).endsWith("a key in it has an unpaired surrogate"));
        }
        String whole = "\ud83d\ude00\uffff\u0000\ufeff";
        JsonNode echoed = client.call("strange.first", JsonNode.class, Map.of(whole, whole))
                .get(10, SECONDS);
        assertEquals(whole, echoed.path(whole).asText());
    }

    @SuppressWarnings("serial")
    private static final class Fraction extends Number {

        private final String text;

        Fraction(String text) {
            this.text = text;
        }

        @Override
        public int intValue() {
            return 0;
        }

        @Override
        public long longValue() {
            return 0;
        }

        @Override
        public float floatValue() {
            return 0;
        }

        @Override
        public double doubleValue() {
            return 0;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    @Test
    void aNumberOfAClassThatNobodyKnowsIsWrittenIfItIsOneInJson() throws Exception {
        RpcServer.on(server)
                .serve("strange.first", params -> params.path(0))
                .ready()
                .get(10, SECONDS);
        for (String text : List.of("1/2", "NaN", "1,\"admin\":true", "", "05", "+5", "1.", "0x1")) {
            assertTrue(refusal(new Fraction(text)).endsWith("a number in it is not valid in JSON"), text);
        }
        for (String text : List.of("1e5000", "1e-5000", "9".repeat(5_001))) {
            assertTrue(refusal(new Fraction(text)).contains("it exceeds a limit: Number "), text);
        }
        for (String text : List.of("5", "-0.50", "1E+10", "9".repeat(5_000))) {
            CompletableFuture<BigDecimal> echoed = client.call("strange.first", BigDecimal.class, new Fraction(text));
            assertEquals(new BigDecimal(text), echoed.get(10, SECONDS));
        }
    }

    @Test
    void aRelativePathStaysRelative() throws Exception {
        RpcServer.on(server)
                .serve("strange.first", params -> params.path(0))
                .ready()
                .get(10, SECONDS);
        for (String text : List.of("a/b", "", "../c d", "/a/b:c")) {
            Path path = Path.of(text);
            assertEquals(path, client.call("strange.first", Path.class, path).get(10, SECONDS));
        }
        assertTrue(refusal(Path.of("a:b")).endsWith("would be read as a URI"));
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
