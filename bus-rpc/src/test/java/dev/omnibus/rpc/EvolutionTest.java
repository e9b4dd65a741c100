package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonEnumDefaultValue;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the page on changing contracts and payloads promises, row by row, in both directions. */
class EvolutionTest {

    record Order(String id) {}

    record Grown(
            String id,
            int pieces,
            boolean express,
            @Nullable String note,
            Optional<String> by,
            @Nullable List<String> tags) {}

    record Demanding(
            String id, @JsonProperty(required = true) String note) {}

    record DemandingNumber(
            String id, @JsonProperty(required = true) int pieces) {}

    record Renamed(@Nullable String number) {}

    record Aliased(@JsonAlias("id") String number) {}

    record Whole(int value) {}

    record Long64(long value) {}

    record Decimal(BigDecimal value) {}

    record Text(@Nullable String value) {}

    record Maybe(Optional<Integer> value) {}

    record MaybeText(Optional<String> value) {}

    record Several(List<Integer> value) {}

    record Once(Set<Integer> value) {}

    record Whether(boolean value) {}

    record SomeNumber(OptionalInt value) {}

    record Real(double value) {}

    record Later(@Nullable Instant value) {}

    /** Of an older and a newer order each. */
    record Cart(Order order, List<Order> more) {}

    record NewCart(Grown order, List<Grown> more) {}

    record ByNumber(Map<Integer, Integer> value) {}

    record ByLong(Map<Long, Long> value) {}

    record ByText(Map<String, Integer> value) {}

    record ByColor(Map<MoreColors, Integer> value) {}

    record ByFewerColors(Map<Color, Integer> value) {}

    record Colors(List<MoreColors> value) {}

    record FewerColors(List<Color> value) {}

    enum Color {
        RED
    }

    enum MoreColors {
        RED,
        BLUE
    }

    enum Prepared {
        @JsonEnumDefaultValue
        OTHER,
        RED
    }

    record Painted(Color color) {}

    record PaintedAnew(MoreColors color) {}

    record PaintedWithCare(
            @JsonFormat(with = JsonFormat.Feature.READ_UNKNOWN_ENUM_VALUES_USING_DEFAULT_VALUE)
            Prepared color) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes(@JsonSubTypes.Type(value = Circle.class, name = "circle"))
    interface Shape {}

    record Circle(int r) implements Shape {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = NewCircle.class, name = "circle"),
        @JsonSubTypes.Type(value = Square.class, name = "square")
    })
    interface NewShape {}

    record NewCircle(int r) implements NewShape {}

    record Square(int a) implements NewShape {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind", defaultImpl = Other.class)
    @JsonSubTypes(@JsonSubTypes.Type(value = Known.class, name = "circle"))
    interface Prudent {}

    record Known(int r) implements Prudent {}

    record Other(int r) implements Prudent {}

    /** A class that had no subclasses, and then got some. */
    record Plain(int r) {}

    private static Arguments reads(Object written, Object read) {
        return Arguments.of(written, read.getClass(), read);
    }

    private static Arguments fails(Object written, Class<?> type) {
        return Arguments.of(written, type, null);
    }

    static Stream<Arguments> data() {
        return Stream.of(
                reads(new Order("a"), new Grown("a", 0, false, null, Optional.empty(), null)),
                reads(new Grown("a", 1, true, "n", Optional.of("b"), List.of("c")), new Order("a")),
                fails(new Order("a"), Demanding.class),
                fails(new Order("a"), DemandingNumber.class),
                reads(new DemandingNumber("a", 1), new Order("a")),
                reads(new Order("a"), new Renamed(null)),
                reads(new Order("a"), new Aliased("a")),
                reads(new Renamed("a"), new Aliased("a")),
                reads(new Whole(5), new Long64(5)),
                reads(new Long64(5), new Whole(5)),
                fails(new Long64(1L << 32), Whole.class),
                reads(new Whole(5), new Decimal(new BigDecimal("5"))),
                reads(new Decimal(new BigDecimal("5")), new Whole(5)),
                fails(new Decimal(new BigDecimal("5.5")), Whole.class),
                reads(new Whole(5), new Text("5")),
                reads(new Text("5"), new Whole(5)),
                fails(new Text("five"), Whole.class),
                reads(new Whole(5), new Maybe(Optional.of(5))),
                reads(new Text("a"), new MaybeText(Optional.of("a"))),
                reads(new MaybeText(Optional.empty()), new Text(null)),
                reads(new Maybe(Optional.of(5)), new Whole(5)),
                fails(new Maybe(Optional.empty()), Whole.class),
                fails(new Whole(5), Several.class),
                fails(new Several(List.of(5)), Whole.class),
                reads(new Several(List.of(5, 6)), new Once(Set.of(5, 6))),
                reads(new Several(List.of(5, 5)), new Once(Set.of(5))),
                reads(new Once(Set.of(5)), new Several(List.of(5))),
                reads(new SomeNumber(OptionalInt.of(5)), new Whole(5)),
                reads(new Whole(5), new SomeNumber(OptionalInt.of(5))),
                reads(new Whole(5), new Real(5)),
                fails(new Real(5), Whole.class), // written as 5.0
                fails(new Whole(1), Whether.class),
                fails(new Whether(true), Whole.class),
                reads(new Whether(true), new Text("true")),
                fails(new Long64(1_700_000_000_000L), Later.class),
                fails(new Text(""), Later.class),
                fails(new Later(Instant.EPOCH), Long64.class),
                reads(new Later(Instant.EPOCH), new Text("1970-01-01T00:00:00Z")),
                reads(
                        new Cart(new Order("a"), List.of(new Order("b"))),
                        new NewCart(
                                new Grown("a", 0, false, null, Optional.empty(), null),
                                List.of(new Grown("b", 0, false, null, Optional.empty(), null)))),
                reads(
                        new NewCart(new Grown("a", 1, true, "n", Optional.of("b"), List.of("c")), List.of()),
                        new Cart(new Order("a"), List.of())),
                reads(new ByNumber(Map.of(5, 6)), new ByLong(Map.of(5L, 6L))),
                reads(new ByLong(Map.of(5L, 6L)), new ByNumber(Map.of(5, 6))),
                fails(new ByLong(Map.of(1L << 32, 1L)), ByNumber.class),
                reads(new ByNumber(Map.of(5, 6)), new ByText(Map.of("5", 6))),
                reads(new ByText(Map.of("5", 6)), new ByNumber(Map.of(5, 6))),
                fails(new ByText(Map.of("five", 6)), ByNumber.class),
                reads(new ByText(Map.of("RED", 6)), new ByColor(Map.of(MoreColors.RED, 6))),
                fails(new ByColor(Map.of(MoreColors.BLUE, 6)), ByFewerColors.class),
                fails(new Colors(List.of(MoreColors.RED, MoreColors.BLUE)), FewerColors.class),
                reads(new Painted(Color.RED), new PaintedAnew(MoreColors.RED)),
                fails(new PaintedAnew(MoreColors.BLUE), Painted.class),
                reads(new PaintedAnew(MoreColors.BLUE), new PaintedWithCare(Prepared.OTHER)),
                Arguments.of(new Circle(1), NewShape.class, new NewCircle(1)),
                fails(new Square(1), Shape.class),
                Arguments.of(new Square(1), Prudent.class, new Other(0)),
                Arguments.of(new Circle(1), Prudent.class, new Known(1)),
                reads(new Circle(1), new Plain(1)),
                fails(new Plain(1), Shape.class),
                Arguments.of(new Plain(1), Prudent.class, new Other(1)));
    }

    private static final TypeReference<Map<String, Object>> NAMED = new TypeReference<>() {};

    private final List<String> bad = new CopyOnWriteArrayList<>();
    private final InMemoryNetwork network = new InMemoryNetwork();
    private final Bus bus = Bus.builder(network.open()).build();
    private final Bus server = Bus.builder(network.open())
            .listener(new BusListener() {
                @Override
                public void onBadMessage(String topic, String problem) {
                    bad.add(problem);
                }
            })
            .build();
    private final RpcClient client = RpcClient.on(bus);

    @AfterEach
    void close() {
        bus.close();
        server.close();
    }

    @ParameterizedTest
    @MethodSource("data")
    void anEventIsReadOrDropped(Object written, Class<?> type, @Nullable Object read) throws Exception {
        CompletableFuture<Object> arrived = new CompletableFuture<>();
        server.subscribe("n", type, event -> arrived.complete(event.data()))
                .ready()
                .get(10, SECONDS);
        bus.publish("n", written).get(10, SECONDS);
        if (read == null) {
            await().until(() -> bad.size() == 1);
        } else {
            assertEquals(read, arrived.get(10, SECONDS));
        }
    }

    @ParameterizedTest
    @MethodSource("data")
    void aResultIsReadOrABadReply(Object written, Class<?> type, @Nullable Object read) throws Exception {
        RpcServer.on(server).serve("shop.get", params -> written).ready().get(10, SECONDS);
        CompletableFuture<?> result = client.call("shop.get", type);
        if (read == null) {
            assertEquals(Reason.BAD_REPLY, failure(result).reason());
        } else {
            assertEquals(read, result.get(10, SECONDS));
        }
    }

    @ParameterizedTest
    @MethodSource("data")
    void aReplyOfABroadcastIsReadOrABadReply(Object written, Class<?> type, @Nullable Object read) throws Exception {
        RpcServer.on(server).serve("shop.get", params -> written).ready().get(10, SECONDS);
        Replies<?> replies = client.broadcast("shop.get", type).askAsync().get(10, SECONDS);
        if (read == null) {
            assertEquals(
                    List.of(Reason.BAD_REPLY),
                    replies.faults().values().stream().map(RpcException::reason).toList());
        } else {
            assertEquals(List.of(read), replies.values());
        }
    }

    @ParameterizedTest
    @MethodSource("data")
    void paramsAreReadOrRefused(Object written, Class<?> type, @Nullable Object read) throws Exception {
        CompletableFuture<Object> seen = new CompletableFuture<>();
        RpcServer.on(server)
                .serve("shop.put", type, params -> seen.complete(params))
                .ready()
                .get(10, SECONDS);
        Map<String, Object> named =
                BusRuntime.of(bus).json().convertValue(BusRuntime.of(bus).json().valueToTree(written), NAMED);
        CompletableFuture<?> result = client.call("shop.put", Boolean.class, NamedParams.of(named));
        if (read == null) {
            assertEquals(Reason.REFUSED, failure(result).reason());
        } else {
            result.get(10, SECONDS);
            assertEquals(read, seen.get(10, SECONDS));
        }
    }

    private static RpcException failure(CompletableFuture<?> call) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> call.get(10, SECONDS));
        return assertInstanceOf(RpcException.class, e.getCause());
    }

    static class SoldOut extends Exception {
        SoldOut(String message) {
            super(message);
        }
    }

    static final class Fields {

        static class SoldOut extends Exception {

            private final int left;

            SoldOut(String message, int left) {
                super(message);
                this.left = left;
            }

            int left() {
                return left;
            }
        }
    }

    @ServiceName("shop")
    interface OldShop {
        int price(String sku);

        void order(String sku);

        void orderAll(String sku);

        int left(String sku);

        int reserve(String sku) throws SoldOut;

        int gone();
    }

    @ServiceName("shop")
    interface NewShop {
        int price(String sku, String currency);

        int order(String sku);

        @Nullable
        Integer orderAll(String sku);

        int left(String article) throws SoldOut;

        int reserve(String sku) throws Fields.SoldOut;

        int added();
    }

    private static final OldShop OLD = new OldShop() {
        @Override
        public int price(String sku) {
            return 1;
        }

        @Override
        public void order(String sku) {}

        @Override
        public void orderAll(String sku) {}

        @Override
        public int left(String sku) {
            return sku.length();
        }

        @Override
        public int reserve(String sku) throws SoldOut {
            throw new SoldOut("none");
        }

        @Override
        public int gone() {
            return 1;
        }
    };

    private static final NewShop NEW = new NewShop() {
        @Override
        public int price(String sku, String currency) {
            return 2;
        }

        @Override
        public int order(String sku) {
            return 2;
        }

        @Override
        public Integer orderAll(String sku) {
            return 2;
        }

        @Override
        public int left(String article) throws SoldOut {
            throw new SoldOut("none of " + article);
        }

        @Override
        public int reserve(String sku) throws Fields.SoldOut {
            throw new Fields.SoldOut("none", 3);
        }

        @Override
        public int added() {
            return 2;
        }
    };

    private static RpcException refused(Executable call) {
        return assertThrows(RpcException.class, call);
    }

    private static void assertSays(String words, RpcException e) {
        assertTrue(String.valueOf(e.getMessage()).contains(words), e::toString);
    }

    @Test
    void anOldCallerAndANewServer() throws Exception {
        RpcServer.on(server).serve(NewShop.class, NEW).ready().get(10, SECONDS);
        OldShop shop = client.proxy(OldShop.class);

        RpcException price = refused(() -> shop.price("a"));
        assertEquals(Reason.REFUSED, price.reason());
        assertSays("it takes 2 arguments and got 1", price);
        shop.order("a");
        shop.orderAll("a");
        RpcFault unknown = assertThrows(RpcFault.class, () -> shop.left("a"));
        assertEquals("SoldOut", unknown.type());
        assertEquals(
                "none", assertThrows(SoldOut.class, () -> shop.reserve("a")).getMessage());
        assertEquals(Reason.NO_SERVER, refused(shop::gone).reason());
        NamedParams renamed = NamedParams.of(Map.of("sku", "a"));
        assertEquals(
                Reason.REFUSED,
                failure(client.call("shop.left", Integer.class, renamed)).reason());
    }

    @Test
    void aNewCallerAndAnOldServer() throws Exception {
        RpcServer.on(server).serve(OldShop.class, OLD).ready().get(10, SECONDS);
        NewShop shop = client.proxy(NewShop.class);

        RpcException price = refused(() -> shop.price("a", "EUR"));
        assertEquals(Reason.REFUSED, price.reason());
        assertSays("it takes 1 arguments and got 2", price);
        assertEquals(Reason.BAD_REPLY, refused(() -> shop.order("a")).reason());
        assertNull(shop.orderAll("a"));
        assertEquals(3, shop.left("abc"), "a parameter may have another name");
        RpcFault fault = assertThrows(RpcFault.class, () -> shop.reserve("a"));
        assertEquals("SoldOut", fault.type());
        assertEquals(Reason.NO_SERVER, refused(shop::added).reason());
    }
}
