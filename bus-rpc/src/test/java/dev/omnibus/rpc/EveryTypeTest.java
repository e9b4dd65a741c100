package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.Adapter.LocalMethods;
import dev.omnibus.rpc.EveryType.All;
import dev.omnibus.rpc.EveryType.Later;
import dev.omnibus.rpc.Kinds.Bean;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.OpenRpc;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.net.URL;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever travels arrives as what it was, in every place where values travel, and its JSON is what the schema says.
 */
class EveryTypeTest {

    private static final Map<String, Object> VALUES = EveryType.VALUES;
    private static final InMemoryNetwork NETWORK = new InMemoryNetwork();
    private static final Bus SERVER = Bus.builder(NETWORK.open()).build();
    private static final Bus BUS = Bus.builder(NETWORK.open()).build();
    private static final RpcClient CLIENT = RpcClient.on(BUS);
    private static final Adapter ADAPTER = Adapter.on(BUS);
    private static final ObjectMapper PLAIN = BusRuntime.of(BUS).json();
    private static final List<JsonNode> FRAMES = new CopyOnWriteArrayList<>();

    private static final All ALL = served(All.class, arguments -> arguments[0]);
    private static final Later LATER =
            served(Later.class, arguments -> CompletableFuture.completedFuture(arguments[0]));
    private static JsonNode document = PLAIN.nullNode();

    private interface Body {
        Object answer(Object[] arguments);
    }

    private static <S> S served(Class<S> contract, Body body) {
        return contract.cast(Proxy.newProxyInstance(
                contract.getClassLoader(),
                new Class<?>[] {contract},
                (proxy, method, arguments) -> body.answer(arguments)));
    }

    @BeforeAll
    static void serve() throws Exception {
        RpcServer.on(SERVER).serve(All.class, ALL).ready().get(10, SECONDS);
        RpcServer.on(SERVER).serve(Later.class, LATER).ready().get(10, SECONDS);
        Contract all = Contract.of(All.class, BusRuntime.of(BUS).json().getTypeFactory());
        document = OpenRpc.document(BusRuntime.of(BUS).json(), "node", List.of(all), List.of());
        NETWORK.tamper((channel, frame) -> {
            try {
                JsonNode read = PLAIN.readTree(frame);
                (read.isArray() ? read : List.of(read)).forEach(FRAMES::add);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            return List.of(frame);
        });
    }

    @AfterAll
    static void close() {
        BUS.close();
        SERVER.close();
    }

    static Set<String> names() {
        return VALUES.keySet();
    }

    private static Method method(Class<?> contract, String name) {
        return Arrays.stream(contract.getMethods())
                .filter(method -> method.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Object called(Object target, Method method, Object value) throws Exception {
        try {
            return method.invoke(target, value);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private static void assertSame(Object expected, Object actual, String where) {
        boolean byText = expected instanceof Pattern
                || expected instanceof StringBuilder
                || expected instanceof Bean
                || expected instanceof URL
                || expected.getClass().getName().startsWith("java.util.concurrent.atomic.");
        if (byText) {
            assertEquals(expected.toString(), actual.toString(), where);
        } else {
            assertTrue(
                    Arrays.deepEquals(new Object[] {expected}, new Object[] {actual}),
                    () -> where + ": expected " + expected + ", got " + actual);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void itTravelsInCalls(String name) throws Exception {
        Object value = Objects.requireNonNull(VALUES.get(name));
        Method method = method(All.class, name);
        assertSame(value, called(CLIENT.proxy(All.class), method, value), "call");
        Replies<Object> replies =
                CLIENT.broadcast(All.class, all -> called(all, method, value)).ask();
        assertSame(value, replies.values().get(0), "broadcast");
        TypeReference<Object> type = reference(method.getGenericReturnType());
        boolean inside = Set.of("shapes", "boxesOfShapes", "optionalShape", "pair", "listOfWrapped")
                .contains(name);
        if (!inside) { // nobody declares what is in it
            CompletableFuture<Object> byName = CLIENT.call("all." + name, type, CallOptions.defaults(), value);
            assertSame(value, byName.get(10, SECONDS), "by name");
            NamedParams named = NamedParams.of(Map.of("value", value));
            byName = CLIENT.call("all." + name, type, CallOptions.defaults(), named);
            assertSame(value, byName.get(10, SECONDS), "by name, with named parameters");
        }
    }

    static List<String> later() {
        return Arrays.stream(Later.class.getMethods()).map(Method::getName).toList();
    }

    @ParameterizedTest
    @MethodSource("later")
    void itTravelsInStages(String name) throws Exception {
        Object value = Objects.requireNonNull(VALUES.get(name));
        Object later = called(CLIENT.proxy(Later.class), method(Later.class, name), value);
        assertSame(value, ((CompletionStage<?>) later).toCompletableFuture().get(10, SECONDS), "stage");
    }

    @ParameterizedTest
    @MethodSource("names")
    void itTravelsThroughAdapters(String name) throws Exception {
        Object value = Objects.requireNonNull(VALUES.get(name));
        Method method = method(All.class, name);
        LocalMethods methods = ADAPTER.methods(All.class, ALL);
        All proxy = ADAPTER.proxy(
                All.class,
                CallOptions.defaults(),
                (called, params, timeout) -> methods.call(called, params)
                        .thenApply(answer -> answer.result() == null ? missing(answer) : answer.result()));
        if (Set.of("aDouble", "doubles").contains(name)) {
            return; // a tree has exact decimals, of which none is a negative zero
        }
        assertSame(value, called(proxy, method, value), "adapter");
    }

    private static JsonNode missing(LocalMethods.Answer answer) {
        throw new IllegalStateException(answer.message());
    }

    @ParameterizedTest
    @MethodSource("names")
    void itTravelsInEvents(String name) throws Exception {
        Object value = Objects.requireNonNull(VALUES.get(name));
        if (name.equals("noOptional") || name.equals("optionalLong")) {
            return; // an event has to carry something
        }
        Topic<Object> topic =
                Topic.of("events." + name, reference(method(All.class, name).getGenericReturnType()));
        CompletableFuture<Object> arrived = new CompletableFuture<>();
        SERVER.subscribe(topic, event -> arrived.complete(event.data())).ready().get(10, SECONDS);
        BUS.publish(topic, value).get(10, SECONDS);
        assertSame(value, arrived.get(10, SECONDS), "event");
    }

    private static TypeReference<Object> reference(Type type) {
        return new TypeReference<>() {
            @Override
            public Type getType() {
                return type;
            }
        };
    }

    @ParameterizedTest
    @MethodSource("names")
    void itsJsonIsWhatItsSchemaSays(String name) throws Exception {
        FRAMES.clear();
        called(CLIENT.proxy(All.class), method(All.class, name), Objects.requireNonNull(VALUES.get(name)));
        JsonNode described = document.path("methods")
                .valueStream()
                .filter(one -> one.path("name").asText().equals("all." + name))
                .findFirst()
                .orElseThrow();
        JsonNode request = frame("method", "all." + name);
        JsonNode sent = request.path("params").path(0);
        assertValid(described.path("params").path(0).path("schema"), sent);
        JsonNode given = FRAMES.stream()
                .filter(frame -> frame.has("result") && frame.path("id").equals(request.path("id")))
                .findFirst()
                .orElseThrow()
                .path("result");
        assertValid(described.path("result").path("schema"), given);
        assertEquals(sent, given);
        assertTrue(described.path("result").path("schema").size() > 0 || name.equals("node"), "it says something");
    }

    private static JsonNode frame(String member, String text) {
        return FRAMES.stream()
                .filter(frame -> frame.path(member).asText().equals(text))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + text + " in " + FRAMES));
    }

    private static void assertValid(JsonNode schema, JsonNode value) {
        ObjectNode whole = PLAIN.createObjectNode();
        whole.putArray("allOf").add(schema);
        whole.set("components", document.path("components"));
        SchemaValidatorsConfig config =
                SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
        Set<ValidationMessage> problems = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V7)
                .getSchema(whole, config)
                .validate(value);
        assertTrue(problems.isEmpty(), () -> value + " against " + schema + ": " + problems);
    }
}
