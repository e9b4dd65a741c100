package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.Month;
import java.time.OffsetDateTime;
import java.time.Year;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How values of all kinds of types travel in calls. */
class TypesTest {

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes(@JsonSubTypes.Type(value = Circle.class, name = "circle"))
    interface Shape {}

    record Circle(int r) implements Shape {}

    record Box<T>(T content) {}

    record User(String name) {}

    record Times(ZonedDateTime zoned, OffsetDateTime offset, Duration took) {}

    record Order(String id, int pieces) {}

    interface HasNumber {
        Number number();
    }

    interface HasLong {
        Long number();
    }

    @ServiceName("types")
    interface Types extends HasNumber, HasLong {

        Optional<User> user(Optional<User> user);

        OptionalInt some(OptionalInt some);

        CompletableFuture<Optional<Long>> later();

        List<Shape> shapes(List<Shape> shapes);

        Map<String, Box<Shape>> boxes(Shape one);

        Times times(Times times);

        BigDecimal decimal(BigDecimal value);

        BigInteger whole(BigInteger value);

        JsonNode tree(JsonNode value);

        int pieces(Order order);
    }

    private static final class Served implements Types {

        @Override
        public Long number() {
            return 5L;
        }

        @Override
        public Optional<User> user(Optional<User> user) {
            return user.map(one -> new User(one.name() + "!"));
        }

        @Override
        public OptionalInt some(OptionalInt some) {
            return some;
        }

        @Override
        public CompletableFuture<Optional<Long>> later() {
            return CompletableFuture.completedFuture(Optional.of(7L));
        }

        @Override
        public List<Shape> shapes(List<Shape> shapes) {
            return shapes;
        }

        @Override
        public Map<String, Box<Shape>> boxes(Shape one) {
            return Map.of("a", new Box<>(one));
        }

        @Override
        public Times times(Times times) {
            return times;
        }

        @Override
        public BigDecimal decimal(BigDecimal value) {
            return value;
        }

        @Override
        public BigInteger whole(BigInteger value) {
            return value.signum() < 0 ? BigInteger.TEN.pow(5_000) : value;
        }

        @Override
        public JsonNode tree(JsonNode value) {
            return value;
        }

        @Override
        public int pieces(Order order) {
            return order.pieces();
        }
    }

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final Bus server = Bus.builder(network.open()).build();
    private final Bus bus = Bus.builder(network.open()).build();
    private final RpcClient client = RpcClient.on(bus);

    @BeforeEach
    void serve() throws Exception {
        RpcServer.on(server).serve(Types.class, new Served()).ready().get(10, SECONDS);
    }

    @AfterEach
    void close() {
        bus.close();
        server.close();
    }

    @Test
    void whatIsInAContainerIsWhatTheContractSays() throws Exception {
        Types types = client.proxy(Types.class);
        assertEquals(Optional.of(new User("a!")), types.user(Optional.of(new User("a"))));
        assertEquals(OptionalInt.of(3), types.some(OptionalInt.of(3)));
        assertEquals(OptionalInt.empty(), types.some(OptionalInt.empty()));
        assertEquals(Optional.of(7L), types.later().get(10, SECONDS));
        assertEquals(5L, types.number());
    }

    @Test
    void elementsSayWhichOfSeveralClassesTheyAre() {
        Types types = client.proxy(Types.class);
        assertEquals(List.of(new Circle(1)), types.shapes(List.of(new Circle(1))));
        assertEquals(Map.of("a", new Box<>(new Circle(2))), types.boxes(new Circle(2)));
        assertEquals(
                List.of(List.of(new Circle(3))),
                client.broadcast(Types.class, one -> one.shapes(List.of(new Circle(3))))
                        .ask()
                        .values());
    }

    @Test
    void timesAndDecimalsArriveAsTheyWere() throws Exception {
        Types types = client.proxy(Types.class);
        Times times = new Times(
                ZonedDateTime.parse("2026-03-29T10:00+02:00[Europe/Berlin]"),
                OffsetDateTime.parse("2026-03-29T10:00-05:00"),
                Duration.ofMillis(1500));
        assertEquals(times, types.times(times));
        for (String text : List.of("600.00", "12345678901234567.89", "0." + "1".repeat(4_998), "1E+400")) {
            assertEquals(new BigDecimal(text), types.decimal(new BigDecimal(text)));
        }
        BigInteger modulus = BigInteger.ONE.shiftLeft(16_384).subtract(BigInteger.ONE); // of the longest RSA keys
        assertEquals(modulus, types.whole(modulus));
        JsonNode tree = BusRuntime.of(bus).json().readTree("{\"a\":600.00}");
        assertEquals("{\"a\":600.00}", types.tree(tree).toString());
    }

    @Test
    void whatNoReaderWouldTakeIsRefusedWhereItIsWritten() {
        Types types = client.proxy(Types.class);
        assertThrows(IllegalArgumentException.class, () -> types.whole(BigInteger.TEN.pow(5_000)));
        assertThrows(IllegalArgumentException.class, () -> types.decimal(new BigDecimal(BigInteger.ONE, -1_001)));
        JsonNode deep = BusRuntime.of(bus).json().createArrayNode();
        for (int i = 0; i < 70; i++) {
            deep = BusRuntime.of(bus).json().createArrayNode().add(deep);
        }
        JsonNode tooDeep = deep;
        assertThrows(IllegalArgumentException.class, () -> types.tree(tooDeep));
        RpcException e = assertThrows(RpcException.class, () -> types.whole(BigInteger.ONE.negate()));
        assertEquals(RpcException.Reason.FAULT, e.reason());
        assertTrue(
                String.valueOf(e.getMessage())
                        .endsWith("the result cannot be sent: it exceeds a limit: Number value length (5001) exceeds"
                                + " the maximum allowed (5000)"),
                e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"id\":\"a\"} | 0",
                "{\"id\":\"a\",\"pieces\":null} | argument 1 (order) of types.pieces does not fit Order at $.pieces",
                "{\"id\":\"a\",\"pieces\":3.9} | argument 1 (order) of types.pieces does not fit Order at $.pieces",
                "{\"id\":\"a\",\"pieces\":\"\"} | argument 1 (order) of types.pieces does not fit Order at $.pieces",
            })
    void aPrimitiveMayBeAbsentAndNothingElse(String order, String expected) throws Exception {
        CompletableFuture<Integer> pieces = client.call(
                "types.pieces", Integer.class, BusRuntime.of(bus).json().readTree(order));
        if (expected.equals("0")) {
            assertEquals(0, pieces.get(10, SECONDS));
        } else {
            ExecutionException e = assertThrows(ExecutionException.class, () -> pieces.get(10, SECONDS));
            RpcException refused = assertInstanceOf(RpcException.class, e.getCause());
            assertEquals(RpcException.Reason.REFUSED, refused.reason());
            assertTrue(String.valueOf(refused.getMessage()).endsWith(expected), e.getMessage());
        }
    }

    interface Streams {
        Stream<String> get();
    }

    interface Iterators {
        Iterator<String> get();
    }

    interface Keys {
        Map<User, Integer> get();
    }

    interface Bits {
        BitSet get();
    }

    interface Addresses {
        Set<URL> get();
    }

    interface AddressKeys {
        Map<URL, Integer> get();
    }

    @SuppressWarnings("ClassCanBeStatic") // that it is not is what is tried
    class Inner {}

    interface Inners {
        Inner get();
    }

    static final class NoWayIn {

        NoWayIn(String one, String other) {}
    }

    interface NoWaysIn {
        List<NoWayIn> get();
    }

    interface Queues {
        BlockingQueue<String> get();
    }

    @JsonFormat(shape = JsonFormat.Shape.OBJECT)
    enum Described {
        ONE
    }

    interface Descriptions {
        List<Described> get();
    }

    record Numbered(
            @JsonFormat(shape = JsonFormat.Shape.NUMBER) Month month) {}

    interface Numbers {
        Numbered get();
    }

    record Entry(String key, Integer value) implements Map.Entry<String, Integer> {

        @Override
        public String getKey() {
            return key;
        }

        @Override
        public Integer getValue() {
            return value;
        }

        @Override
        public Integer setValue(Integer other) {
            throw new UnsupportedOperationException();
        }
    }

    interface Entries {
        Entry get();
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                Queues.class,
                Descriptions.class,
                Numbers.class,
                Entries.class,
                Streams.class,
                Iterators.class,
                Keys.class,
                Bits.class,
                Addresses.class,
                AddressKeys.class,
                Inners.class,
                NoWaysIn.class
            })
    void whatCanNeverBeReadIsRefusedWhenTheContractIsUsed(Class<?> contract) {
        assertThrows(IllegalArgumentException.class, () -> client.proxy(contract));
    }

    @Test
    void aNameThatNobodyWouldReadIsRefused() {
        String longest = "types." + "m".repeat(251);
        assertThrows(IllegalArgumentException.class, () -> RpcServer.on(server).serve(longest, params -> params));
    }

    record Raw(@JsonRawValue String json, int after) {}

    @Test
    void aRawValueIsWrittenAsTheJsonThatItIs() throws Exception {
        RpcServer.on(server).serve("raw.echo", params -> params).ready().get(10, SECONDS);
        String text = "{ \"b\" : [1, 600.00, 12345678901234567890.10, \"\\u0061\", null, true], \"a\":{}}";
        JsonNode echoed =
                client.call("raw.echo", JsonNode.class, new Raw(text, 7)).get(10, SECONDS);
        assertEquals(
                "[{\"json\":{\"b\":[1,600.00,12345678901234567890.10,\"a\",null,true],\"a\":{}},\"after\":7}]",
                echoed.toString());
        for (String wrong : List.of(
                "",
                "{",
                "1 2",
                "secret",
                "{\"a\":1,\"a\":2}",
                "1}, {\"after\": 5",
                "[".repeat(64) + "]".repeat(64),
                "9".repeat(5_001))) {
            String message = refusal(() -> client.call("raw.echo", JsonNode.class, new Raw(wrong, 7)));
            assertFalse(message.contains("secret"), message);
            refusal(() -> bus.publish("n", new Raw(wrong, 7)));
        }
        assertEquals(
                "An event of " + Raw.class + " cannot be written as JSON: a raw value in it is invalid: it is not JSON",
                refusal(() -> bus.publish("n", new Raw("{", 1))));
    }

    private static String refusal(Executable wrong) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, wrong).getMessage());
    }

    record Sku(@JsonValue String text) {

        @JsonCreator
        Sku {}
    }

    @Test
    void aKeyOfWhichNothingSaysWhatTextItIsIsRefusedWhereItIsWritten() throws Exception {
        Topic<Map<Object, Integer>> topic = Topic.of("n", new TypeReference<>() {});
        String problem =
                "a key is a text in JSON, and nothing defines how a User becomes one and back; give it @JsonKey or"
                        + " @JsonValue, and @JsonCreator";
        for (Object key : List.of(
                new User("a"), List.of("a"), Optional.of("a"), new NoWayIn("a", "b"), new int[] {1}, Map.of(1, 2))) {
            String message = refusal(() -> bus.publish("n", Map.of(key, 1)));
            assertTrue(message.contains("a key is a text in JSON, and nothing defines how a "), message);
            assertEquals(message, refusal(() -> bus.publish(topic, Map.of(key, 1))));
        }
        assertTrue(refusal(() -> bus.publish("n", Map.of("a", Map.of(new User("a"), 1))))
                .endsWith(problem));
        assertTrue(refusal(() -> client.call("types.tree", JsonNode.class, Map.of(new User("a"), 1)))
                .endsWith(problem));
        RpcServer.on(server)
                .serve("keys.get", params -> Map.of(new User("a"), 1))
                .ready()
                .get(10, SECONDS);
        ExecutionException e = assertThrows(
                ExecutionException.class,
                () -> client.call("keys.get", JsonNode.class).get(10, SECONDS));
        assertTrue(String.valueOf(e.getMessage()).endsWith("the result cannot be sent: " + problem), e.getMessage());
        for (Object key : List.of(
                "a",
                1,
                1L,
                'c',
                true,
                new Sku("a"),
                BigInteger.ONE,
                URI.create("urn:a"),
                new UUID(1, 2),
                Month.MAY,
                LocalDate.EPOCH,
                Instant.EPOCH,
                ZoneId.of("Europe/Berlin"),
                Locale.GERMAN,
                Path.of("a"),
                Year.of(1))) {
            bus.publish("n", Map.of(key, 1)).get(10, SECONDS);
            bus.publish(topic, Map.of(key, 1)).get(10, SECONDS);
        }
    }

    @JsonInclude(JsonInclude.Include.NON_DEFAULT)
    record Sparse(String id, int pieces, boolean express, OptionalInt left) {}

    interface Sparsely {
        Sparse same(Sparse sparse);

        Optional<Times> times(Optional<Times> times);
    }

    private static final Sparsely SPARSELY = new Sparsely() {
        @Override
        public Sparse same(Sparse sparse) {
            return sparse;
        }

        @Override
        public Optional<Times> times(Optional<Times> times) {
            return times;
        }
    };

    static Stream<ObjectMapper> mappers() {
        return Stream.of(
                new ObjectMapper().findAndRegisterModules(),
                JsonMapper.builder()
                        .findAndAddModules()
                        .defaultPropertyInclusion(JsonInclude.Value.construct(
                                JsonInclude.Include.NON_DEFAULT, JsonInclude.Include.NON_DEFAULT))
                        .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
                        .build(),
                JsonMapper.builder()
                        .findAndAddModules()
                        .enable(SerializationFeature.WRAP_ROOT_VALUE, SerializationFeature.INDENT_OUTPUT)
                        .enable(SerializationFeature.WRITE_SINGLE_ELEM_ARRAYS_UNWRAPPED)
                        .enable(DeserializationFeature.UNWRAP_ROOT_VALUE)
                        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                        .disable(JsonWriteFeature.QUOTE_FIELD_NAMES)
                        .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
                        .build(),
                JsonMapper.builder()
                        .findAndAddModules()
                        .enable(JsonWriteFeature.WRITE_NUMBERS_AS_STRINGS, JsonWriteFeature.ESCAPE_NON_ASCII)
                        .visibility(PropertyAccessor.FIELD, JsonAutoDetect.Visibility.ANY)
                        .build());
    }

    @ParameterizedTest
    @MethodSource("mappers")
    void aMapperOfTheProgramWorksAsItIs(ObjectMapper mapper) throws Exception {
        try (Bus one = Bus.builder(network.open()).json(mapper).build();
                Bus other = Bus.builder(network.open()).json(mapper).build()) {
            RpcServer.on(one).serve(Sparsely.class, SPARSELY).ready().get(10, SECONDS);
            Sparsely proxy = RpcClient.on(other).proxy(Sparsely.class);
            for (Sparse sparse : List.of(
                    new Sparse("a", 0, false, OptionalInt.empty()), new Sparse("ä", 1, true, OptionalInt.of(0)))) {
                assertEquals(sparse, proxy.same(sparse));
                assertEquals(
                        List.of(sparse),
                        RpcClient.on(other)
                                .broadcast(Sparsely.class, all -> all.same(sparse))
                                .ask()
                                .values());
                CompletableFuture<Sparse> arrived = new CompletableFuture<>();
                Subscription subscription = one.subscribe("n", Sparse.class, event -> arrived.complete(event.data()));
                subscription.ready().get(10, SECONDS);
                other.publish("n", sparse).get(10, SECONDS);
                assertEquals(sparse, arrived.get(10, SECONDS));
                subscription.close();
                subscription.closed().get(10, SECONDS);
            }
            assertEquals(Optional.empty(), proxy.times(Optional.empty()));
        }
    }

    @Test
    void aValueThatIsItsDefaultAndNotWrittenIsReadAsIt() throws Exception {
        RpcServer.on(server).serve(Sparsely.class, SPARSELY).ready().get(10, SECONDS);
        Sparse sparse = new Sparse("a", 0, false, OptionalInt.empty());
        assertEquals(sparse, client.proxy(Sparsely.class).same(sparse));
    }

    static class Failure extends Exception {

        private final long code;

        Failure(String message, long code) {
            super(message);
            this.code = code;
        }

        public long getCode() {
            return code;
        }
    }

    static final class BusinessFailure extends Failure {

        BusinessFailure(String message, long code) {
            super(message, code);
        }
    }

    interface Business {
        void run() throws BusinessFailure;
    }

    @Test
    void anExceptionMayInheritWhatItTells() throws Exception {
        Business business = () -> {
            throw new BusinessFailure("no", 1L << 40);
        };
        RpcServer.on(server).serve(Business.class, business).ready().get(10, SECONDS);
        BusinessFailure failure = assertThrows(BusinessFailure.class, client.proxy(Business.class)::run);
        assertEquals("no", failure.getMessage());
        assertEquals(1L << 40, failure.getCode());
    }

    @Test
    void whatAnAdapterReadsIsCheckedToo() {
        Adapter adapter = Adapter.on(bus);
        Adapter.Calls none = (method, params, timeout) -> new CompletableFuture<>();
        for (Class<?> type : List.of(Class.class, InetAddress.class, IllegalStateException.class, BitSet.class)) {
            String message = refusal(() -> adapter.call("m", type, CallOptions.defaults(), none));
            assertTrue(message.startsWith("The result of m can"), message);
            message = refusal(() -> client.call("types.user", type));
            assertTrue(message.startsWith("The result of types.user can"), message);
        }
    }
}
