package dev.omnibus.rpc;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.jsontype.BasicPolymorphicTypeValidator;
import com.fasterxml.jackson.databind.type.TypeFactory;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.json.DecodableTypes;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.lang.invoke.MethodHandle;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URLConnection;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.text.DecimalFormat;
import java.text.SimpleDateFormat;
import java.time.Clock;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.Temporal;
import java.time.temporal.TemporalAmount;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.Formatter;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.ResourceBundle;
import java.util.Scanner;
import java.util.Set;
import java.util.Spliterator;
import java.util.Timer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Lock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which types a contract may not have, on either side. */
class DecodableTypesTest {

    private static final String HERE = "dev.omnibus.rpc.DecodableTypesTest$";
    private static final String ADVICE = ". Use a concrete type, or JsonNode";

    interface TakesAnything {
        void put(String key, Object value);
    }

    interface GivesAnything {
        Object get();
    }

    interface GivesLaterAnything {
        CompletionStage<List<?>> get();
    }

    @SuppressWarnings("rawtypes")
    interface Raw {
        void put(List values);
    }

    interface MapOfObjects {
        void put(Map<String, Object> values);
    }

    interface LoadsClasses {
        void run(Class<?> type);
    }

    record Box(String name, List<Comparable<String>> content) {}

    interface DeepInside {
        void put(Optional<Box> box);
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
    interface ByClassName {}

    interface NamesClasses {
        ByClassName get();
    }

    interface Shape {}

    interface OpenShape {
        void draw(Shape shape);
    }

    @JsonSubTypes(@JsonSubTypes.Type(Round.class))
    interface Listed {}

    interface HalfOpenShape {
        void draw(Listed shape);
    }

    interface AsksForNames {
        void run(Map<String, List<InetAddress[]>> types);
    }

    interface LoadsByType {
        void run(JavaType type);
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, defaultImpl = Fallback.class)
    interface WithFallback {}

    record Fallback(Object any) implements WithFallback {}

    interface FallsBack {
        void run(WithFallback one);
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    interface Unlisted {}

    interface OpenNames {
        void draw(Unlisted shape);
    }

    record Holder(
            @JsonTypeInfo(use = JsonTypeInfo.Id.MINIMAL_CLASS)
            Known known) {}

    interface ByProperty {
        void draw(Holder holder);
    }

    static class Sad extends Exception {
        private final transient Object why;

        Sad(String message, Object why) {
            super(message);
            this.why = why;
        }

        Object why() {
            return why;
        }
    }

    interface ThrowsAnything {
        void run() throws Sad;
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Round.class), @JsonSubTypes.Type(Square.class)})
    interface Known {}

    record Round(double radius) implements Known {}

    record Square(double side, Known inside) implements Known {}

    interface Fine {
        Map<String, List<Known>> all(Set<Instant> times, int[] numbers, Optional<Round> round, JsonNode whatever);

        CompletionStage<Optional<Square>> later(Thread.State state);

        void nothing();
    }

    static Stream<Arguments> unsafe() {
        return Stream.of(
                Arguments.of(
                        TakesAnything.class,
                        "The parameter value of takesAnything.put cannot be decoded safely: java.lang.Object can be"
                                + " anything"),
                Arguments.of(
                        GivesAnything.class,
                        "The result of givesAnything.get cannot be decoded safely: java.lang.Object can be anything"),
                Arguments.of(
                        GivesLaterAnything.class,
                        "The result of givesLaterAnything.get cannot be decoded safely: java.lang.Object can be"
                                + " anything"),
                Arguments.of(
                        Raw.class,
                        "The parameter values of raw.put cannot be decoded safely: java.lang.Object can be anything"),
                Arguments.of(
                        MapOfObjects.class,
                        "The parameter values of mapOfObjects.put cannot be decoded safely: java.lang.Object can be"
                                + " anything"),
                Arguments.of(
                        LoadsClasses.class,
                        "The parameter type of loadsClasses.run cannot be decoded safely: creating a java.lang.Class"
                                + " does more than hold data"),
                Arguments.of(
                        DeepInside.class,
                        "The parameter box of deepInside.put cannot be decoded safely: its property content in Box:"
                                + " java.lang.Comparable can be anything"),
                Arguments.of(
                        NamesClasses.class,
                        "The result of namesClasses.get cannot be decoded safely: " + HERE
                                + "ByClassName lets the message name the class to create"),
                Arguments.of(
                        OpenShape.class,
                        "The parameter shape of openShape.draw cannot be decoded safely: " + HERE
                                + "Shape is abstract, and neither @JsonTypeInfo with @JsonSubTypes nor a deserializer"
                                + " defines its subtypes"),
                Arguments.of(
                        HalfOpenShape.class,
                        "The parameter shape of halfOpenShape.draw cannot be decoded safely: " + HERE
                                + "Listed is abstract, and although @JsonSubTypes lists its subtypes, no"
                                + " @JsonTypeInfo(use = NAME) lets a message name one of them"),
                Arguments.of(
                        AsksForNames.class,
                        "The parameter types of asksForNames.run cannot be decoded safely: creating a"
                                + " java.net.InetAddress does more than hold data"),
                Arguments.of(
                        LoadsByType.class,
                        "The parameter type of loadsByType.run cannot be decoded safely: creating a"
                                + " com.fasterxml.jackson.databind.JavaType does more than hold data"),
                Arguments.of(
                        FallsBack.class,
                        "The parameter one of fallsBack.run cannot be decoded safely: its property any in Fallback:"
                                + " java.lang.Object can be anything"),
                Arguments.of(
                        OpenNames.class,
                        "The parameter shape of openNames.draw cannot be decoded safely: " + HERE
                                + "Unlisted is abstract, and no @JsonSubTypes lists its subtypes"),
                Arguments.of(
                        ByProperty.class,
                        "The parameter holder of byProperty.draw cannot be decoded safely: its property known in"
                                + " Holder: it lets the message name the class to create"),
                Arguments.of(
                        ThrowsAnything.class,
                        "The why of Sad, which throwsAnything.run throws, cannot be decoded safely: java.lang.Object can"
                                + " be anything"));
    }

    @ParameterizedTest
    @MethodSource("unsafe")
    void whatCannotBeDecodedSafelyIsRefusedOnBothSides(Class<?> contract, String message) {
        try (Bus bus = Bus.builder(new InMemoryNetwork().open()).build()) {
            assertEquals(message + ADVICE, refusal(() -> RpcClient.on(bus).proxy(contract)));
            assertEquals(message + ADVICE, refusal(() -> RpcClient.on(bus).broadcast(contract, any -> null)));
            assertEquals(message + ADVICE, refusal(() -> served(bus, contract)));
        }
    }

    @SuppressWarnings("unchecked")
    private static void served(Bus bus, Class<?> contract) {
        Object nobody = Proxy.newProxyInstance(
                contract.getClassLoader(), new Class<?>[] {contract}, (proxy, method, arguments) -> null);
        RpcServer.on(bus).serve((Class<Object>) contract, nobody);
    }

    @Test
    void whatSaysWhatItHoldsIsAccepted() {
        DecodableTypes types = DecodableTypes.ofContracts(new ObjectMapper().findAndRegisterModules());
        assertDoesNotThrow(
                () -> Contract.of(Fine.class, TypeFactory.defaultInstance()).check(types));
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                BitSet.class,
                Stream.class,
                IntStream.class,
                Iterator.class,
                Enumeration.class,
                Spliterator.class,
                Thread.class,
                ThreadLocal.class,
                Random.class,
                Timer.class,
                Scanner.class,
                Formatter.class,
                Function.class,
                Supplier.class,
                Runnable.class,
                Comparator.class,
                CompletableFuture.class,
                Future.class,
                Executor.class,
                Lock.class,
                LongAdder.class,
                AtomicIntegerArray.class,
                WeakReference.class,
                InputStream.class,
                OutputStream.class,
                Reader.class,
                FileChannel.class,
                Socket.class,
                URLConnection.class,
                Clock.class,
                Temporal.class,
                TemporalAmount.class,
                DateTimeFormatter.class,
                DecimalFormat.class,
                SimpleDateFormat.class,
                MessageDigest.class,
                PrivateKey.class,
                KeyStore.class,
                Method.class,
                MethodHandle.class,
                Module.class,
                Process.class,
                Proxy.class,
                ResourceBundle.class,
                ByteOrder.class
            })
    void whatHoldsNoDataIsRefusedWhereverItStands(Class<?> type) {
        try (Bus bus = Bus.builder(new InMemoryNetwork().open()).build()) {
            TypeFactory types = BusRuntime.of(bus).json().getTypeFactory();
            DecodableTypes check = DecodableTypes.ofContracts(BusRuntime.of(bus).json());
            JavaType plain = types.constructType(type);
            for (JavaType one : List.of(
                    plain,
                    types.constructArrayType(plain),
                    types.constructCollectionType(List.class, plain),
                    types.constructReferenceType(Optional.class, plain),
                    types.constructMapType(Map.class, types.constructType(String.class), plain),
                    types.constructParametricType(Holding.class, plain))) {
                assertThrows(IllegalArgumentException.class, () -> check.check("It", one), one::toString);
            }
            assertThrows(IllegalArgumentException.class, () -> bus.subscribe("n", type, event -> {}));
        }
    }

    record Holding<T>(String name, List<Optional<T>> content) {}

    @Test
    void methodsCalledOrServedByNameAreCheckedToo() {
        try (Bus bus = Bus.builder(new InMemoryNetwork().open()).build()) {
            RpcClient client = RpcClient.on(bus);
            assertEquals(
                    "The result of stock.left cannot be decoded safely: java.lang.Object can be anything" + ADVICE,
                    refusal(() -> client.call("stock.left", Object.class)));
            assertEquals(
                    "The params of stock.left cannot be decoded safely: java.lang.Object can be anything" + ADVICE,
                    refusal(() -> RpcServer.on(bus).serve("stock.left", Object.class, params -> params)));
        }
    }

    @Test
    void aMapperThatLetsMessagesNameClassesMakesTypesUnsafe() {
        ObjectMapper careless = new ObjectMapper()
                .activateDefaultTyping(
                        BasicPolymorphicTypeValidator.builder()
                                .allowIfBaseType(Object.class)
                                .build(),
                        ObjectMapper.DefaultTyping.NON_FINAL);
        DecodableTypes types = DecodableTypes.ofContracts(careless);

        assertThrows(
                IllegalArgumentException.class,
                () -> types.check("The result", careless.constructType(OpenBean.class)));
    }

    static class OpenBean {
        public int number;
    }

    private static String refusal(Runnable action) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, action::run).getMessage());
    }
}
