package dev.omnibus.rpc;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.jsontype.BasicPolymorphicTypeValidator;
import com.fasterxml.jackson.databind.type.TypeFactory;
import dev.omnibus.bus.Bus;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Which types a contract may not have, on either side. */
class DecodableTypesTest {

    private static final String HERE = "dev.omnibus.rpc.DecodableTypesTest$";
    private static final String ADVICE = ". Name a type that says what it holds, or take a JsonNode";

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
                        "The parameter type of loadsClasses.run cannot be decoded safely: making a java.lang.Class does"
                                + " more than to hold data"),
                Arguments.of(
                        DeepInside.class,
                        "The parameter box of deepInside.put cannot be decoded safely: its property content in Box:"
                                + " java.lang.Comparable can be anything"),
                Arguments.of(
                        NamesClasses.class,
                        "The result of namesClasses.get cannot be decoded safely: " + HERE
                                + "ByClassName lets the message name the class to make"),
                Arguments.of(
                        OpenShape.class,
                        "The parameter shape of openShape.draw cannot be decoded safely: " + HERE
                                + "Shape is abstract, and no @JsonSubTypes says what there is"),
                Arguments.of(
                        OpenNames.class,
                        "The parameter shape of openNames.draw cannot be decoded safely: " + HERE
                                + "Unlisted is abstract, and no @JsonSubTypes says what there is"),
                Arguments.of(
                        ByProperty.class,
                        "The parameter holder of byProperty.draw cannot be decoded safely: its property known in"
                                + " Holder: it lets the message name the class to make"),
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
            assertEquals(message + ADVICE, refusal(() -> RpcClient.on(bus).broadcast(contract)));
            assertEquals(message + ADVICE, refusal(() -> served(bus, contract)));
        }
    }

    @SuppressWarnings("unchecked")
    private static void served(Bus bus, Class<?> contract) {
        Object nobody = java.lang.reflect.Proxy.newProxyInstance(
                contract.getClassLoader(), new Class<?>[] {contract}, (proxy, method, arguments) -> null);
        RpcServer.on(bus).serve((Class<Object>) contract, nobody);
    }

    @Test
    void whatSaysWhatItHoldsIsAccepted() {
        DecodableTypes types = new DecodableTypes(new ObjectMapper().findAndRegisterModules());
        assertDoesNotThrow(() -> types.check(Contract.of(Fine.class, TypeFactory.defaultInstance())));
    }

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
        DecodableTypes types = new DecodableTypes(careless);

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
