package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URL;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    @Service("types")
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
            return value.signum() < 0 ? BigInteger.TEN.pow(1_000) : value;
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
                client.broadcast(Types.class)
                        .ask(one -> one.shapes(List.of(new Circle(3))))
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
        for (String text : List.of("600.00", "12345678901234567.89", "0." + "1".repeat(120), "1E+400")) {
            assertEquals(new BigDecimal(text), types.decimal(new BigDecimal(text)));
        }
        assertEquals(BigInteger.TEN.pow(616), types.whole(BigInteger.TEN.pow(616)));
        JsonNode tree = bus.json().readTree("{\"a\":600.00}");
        assertEquals("{\"a\":600.00}", types.tree(tree).toString());
    }

    @Test
    void whatNoReaderWouldTakeIsRefusedWhereItIsWritten() {
        Types types = client.proxy(Types.class);
        assertThrows(IllegalArgumentException.class, () -> types.whole(BigInteger.TEN.pow(1_000)));
        assertThrows(IllegalArgumentException.class, () -> types.decimal(new BigDecimal(BigInteger.ONE, -1_001)));
        JsonNode deep = bus.json().createArrayNode();
        for (int i = 0; i < 70; i++) {
            deep = bus.json().createArrayNode().add(deep);
        }
        JsonNode tooDeep = deep;
        assertThrows(IllegalArgumentException.class, () -> types.tree(tooDeep));
        RpcException e = assertThrows(RpcException.class, () -> types.whole(BigInteger.ONE.negate()));
        assertEquals(RpcException.Reason.FAULT, e.reason());
        assertTrue(
                String.valueOf(e.getMessage())
                        .endsWith("the result cannot be sent: it exceeds a limit: Number value length (1001) exceeds"
                                + " the maximum allowed (1000)"),
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
        CompletableFuture<Integer> pieces =
                client.call("types.pieces", Integer.class, bus.json().readTree(order));
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

    @ParameterizedTest
    @ValueSource(
            classes = {
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
}
