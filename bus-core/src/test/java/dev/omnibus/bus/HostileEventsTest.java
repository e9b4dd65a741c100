package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.impl.LaissezFaireSubTypeValidator;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever another program publishes on our channels: it is counted, reported and skipped, and the next is handled. */
public class HostileEventsTest extends BusFixture {

    /** Its data may be of any class, if nobody prevents that. */
    record Open(Object any) {}

    /** Its data names its class. */
    record Chosen(@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS) Object any) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.MINIMAL_CLASS)
    interface Named {}

    private static final String HEAD = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"T\"";
    private static final String SECRET = "canary-7f3a";

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    public Transport connect() {
        return network.open();
    }

    static List<String> hostile() {
        return List.of(
                "",
                "null",
                "[]",
                "[{}]",
                "garbage",
                "g".repeat(1 << 20),
                "[".repeat(1 << 20),
                "{".repeat(1 << 20),
                "[" + "{},".repeat(10_000) + "{}",
                HEAD + ",\"data\":" + "[".repeat(65) + "]".repeat(65) + "}",
                HEAD + ",\"data\":{\"id\":" + "9".repeat(5_001) + "}}",
                HEAD + ",\"data\":{\"id\":\"a\",\"count\":1e999999999}}",
                HEAD + ",\"data\":{\"id\":\"a\",\"id\":\"b\"}}",
                HEAD + ",\"data\":{\"id\":\"a\"},\"data\":{\"id\":\"b\"}}",
                HEAD + ",\"id\":\"2\",\"data\":{\"id\":\"a\"}}",
                HEAD + ",\"x\":1,\"x\":2,\"data\":{\"id\":\"a\"}}",
                HEAD + ",\"data\":{\"id\":{}}}",
                HEAD + ",\"data\":[]}",
                HEAD + ",\"data\":\"" + SECRET + "\"}",
                HEAD + ",\"data\":{\"id\":\"a\"}} " + SECRET,
                HEAD + ",\"data\":" + SECRET + "}",
                HEAD + ",\"data_base64\":\"***" + SECRET + "\"}",
                HEAD + ",\"data_base64\":17}",
                HEAD + ",\"datacontenttype\":\"application/x-java\",\"data_base64\":\"rO0=\"}",
                HEAD + ",\"data_base64\":\"eyJpZCI6\"}",
                HEAD + ",\"data\":{\"id\":\"" + "x".repeat(1 << 20) + "\"}}",
                HEAD + ",\"time\":\"" + SECRET + "\",\"data\":{\"id\":\"a\"}}",
                HEAD.replace("\"1\"", "\"1\\u000a" + SECRET + "\"") + ",\"data\":{\"id\":\"a\"}}",
                HEAD.replace("\"/s\"", "\"/" + "s".repeat(2_000) + "\"") + ",\"data\":{\"id\":\"a\"}}",
                HEAD.replace("\"1\"", "\"\"") + ",\"data\":{\"id\":\"a\"}}",
                HEAD.replace("1.0", "0.3") + ",\"data\":{\"id\":\"a\"}}");
    }

    record Order(String id, int count) {}

    @ParameterizedTest
    @MethodSource("hostile")
    void aHostileFrameIsReportedAndTheNextEventIsHandled(String frame) throws Exception {
        List<Order> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Order.class, event -> seen.add(event.data())));
        RawFrames.publish(here, "n", frame).get(5, SECONDS);
        here.publish("n", new Order("next", 1));
        await().until(() -> seen.contains(new Order("next", 1)));
        await().until(() -> listener.told.size() >= 1 && there.stats().badMessages() >= 1);
        assertTrue(listener.told.stream().allMatch(line -> line.startsWith("bad ")), listener.told::toString);
        assertTrue(listener.told.stream().allMatch(line -> line.length() < 500), listener.told::toString);
        assertFalse(listener.told.toString().contains(SECRET), listener.told::toString);
    }

    @Test
    void randomBytesNeverStopASubscription() throws Exception {
        List<Order> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Order.class, event -> seen.add(event.data())));
        Random random = new Random(20261121);
        byte[] good = (HEAD + ",\"data\":{\"id\":\"a\"}}").getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 5_000; i++) {
            byte[] bad = good.clone();
            for (int j = random.nextInt(8); j >= 0; j--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            RawFrames.publish(here, "n", bad).get(5, SECONDS);
        }
        here.publish("n", new Order("next", 1));
        await().atMost(20, SECONDS).until(() -> seen.contains(new Order("next", 1)));
    }

    @Test
    void aSenderDoesNotChooseClassesEvenIfTheProgramsMapperWouldLetHim() throws Exception {
        ObjectMapper trusting = JsonMapper.builder()
                .activateDefaultTyping(
                        LaissezFaireSubTypeValidator.instance, ObjectMapper.DefaultTyping.OBJECT_AND_NON_CONCRETE)
                .build();
        try (Bus bus = builder().json(trusting).build()) {
            List<Object> seen = new CopyOnWriteArrayList<>();
            ready(bus.subscribe("open", Open.class, event -> seen.add(event.data())));
            ready(bus.subscribe("any", Object.class, event -> seen.add(event.data())));
            ready(bus.subscribe("tree", JsonNode.class, event -> seen.add(event.data())));
            String evil = "[\"java.util.concurrent.atomic.AtomicBoolean\",true]";
            List<Object> harmless = List.of("java.util.concurrent.atomic.AtomicBoolean", true);
            RawFrames.publish(here, "open", HEAD + ",\"data\":{\"any\":" + evil + "}}")
                    .get(5, SECONDS);
            await().until(() -> seen.equals(List.of(new Open(harmless))));
            RawFrames.publish(here, "any", HEAD + ",\"data\":" + evil + "}").get(5, SECONDS);
            await().until(() -> seen.size() == 2);
            assertEquals(harmless, seen.get(1));
            RawFrames.publish(here, "tree", HEAD + ",\"data\":" + evil + "}").get(5, SECONDS);
            await().until(() -> seen.size() == 3);
            assertEquals(evil, seen.get(2).toString());
        }
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                Chosen.class,
                Named.class,
                Class.class,
                InetAddress.class,
                InetSocketAddress[].class,
                IOException.class,
                URLClassLoader.class,
                JavaType.class
            })
    void aTypeThatActsWhenItIsMadeIsNotSubscribedTo(Class<?> type) {
        String message = assertThrows(IllegalArgumentException.class, () -> there.subscribe("n", type, event -> {}))
                .getMessage();
        assertTrue(
                String.valueOf(message)
                        .startsWith("Data of the type " + type.getSimpleName() + " cannot be decoded safely: "),
                message);
        Topic<List<Map<String, URL>>> harmless = Topic.of("n", new TypeReference<>() {});
        there.subscribe(harmless, event -> {});
        Topic<List<Map<URL, String>>> asking = Topic.of("n", new TypeReference<>() {});
        assertThrows(IllegalArgumentException.class, () -> there.subscribe(asking, event -> {}));
    }

    private void raw(String topic, String event) throws Exception {
        RawFrames.publish(here, topic, event).get(5, SECONDS);
    }

    /** As if the other bus had published it. */
    private String forged(String type, long number, String rest) {
        return "{\"specversion\":\"1.0\",\"source\":\"/nodes/" + here.node() + "\",\"type\":\"" + type
                + "\",\"id\":\"forged\",\"sequence\":\"" + number + "\"" + rest + "}";
    }

    private List<Integer> numbers(String topic) throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe(topic, Integer.class, event -> seen.add(event.data())));
        return seen;
    }

    private void publish(String topic, int from, int to) throws Exception {
        for (int i = from; i <= to; i++) {
            here.publish(topic, i);
        }
        here.publish(topic, to + 1).get(5, SECONDS);
    }

    @Test
    void aForgedEventSilencesAPublisherForSevenEventsAtMost() throws Exception {
        List<Integer> seen = numbers("n");
        publish("n", 1, 9);
        await().until(() -> seen.size() == 10);
        raw("n", forged("Integer", 1_010, ",\"data\":-1"));
        publish("n", 11, 1_009);
        await().until(() -> seen.size() == 10 + 1 + 993);
        assertEquals(1_010, seen.get(seen.size() - 1));
        assertEquals(7, there.stats().duplicates());
        assertEquals(7, there.stats().lost(), "what the forged number seemed to skip has come");
    }

    @Test
    void aForgedMarkSilencesNobody() throws Exception {
        List<Integer> seen = numbers("n");
        publish("n", 1, 9);
        raw("n", forged(EventCodec.MARKER, 1_010, ""));
        publish("n", 11, 99);
        await().until(() -> seen.size() == 100);
        await().until(() -> listener.told.equals(List.of("gap n 11-1010")));
        assertEquals(0, there.stats().lost());
    }

    @Test
    void numbersThatNobodyCanHaveReachedAreReportedAsBad() throws Exception {
        List<Integer> seen = numbers("n");
        publish("n", 1, 9);
        raw("n", forged("Integer", 999_999_999_999_999_999L, ",\"data\":-1"));
        raw("n", forged(EventCodec.MARKER, 999_999_999_999_999_999L, ""));
        publish("n", 11, 99);
        await().until(() -> seen.size() == 100);
        await().until(() -> listener.told.size() == 2);
        String bad = "bad " + BusRuntime.of(there).channels().names().event("n") + ": An event was dropped: its"
                + " sequence number 999999999999999999 is more than 4,294,967,296 ahead of the last one of /nodes/"
                + here.node();
        assertEquals(List.of(bad, bad), listener.told);
        assertEquals(0, there.stats().lost());
    }

    @Test
    void forgedSourcesNeverMakeTheSumOfLostEventsNegative() throws Exception {
        ready(there.subscribe("n", Integer.class, event -> {}));
        for (int i = 0; i < 40; i++) {
            String source = "\"/forged/" + i + "\"";
            for (long number : List.of(1L, 1L << 32)) {
                raw(
                        "n",
                        "{\"specversion\":\"1.0\",\"source\":" + source + ",\"type\":\"T\",\"id\":\"1\",\"sequence\":\""
                                + number + "\",\"data\":1}");
            }
        }
        await().until(() -> there.stats().gaps() == 40);
        assertEquals(40 * ((1L << 32) - 2), there.stats().lost());
    }

    @Test
    void manySmallAttributesAreRefusedAndAFewAreKept() throws Exception {
        List<Event<Integer>> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Integer.class, seen::add));
        StringBuilder many = new StringBuilder(HEAD);
        for (int i = 0; i < 64; i++) {
            many.append(",\"a").append(i).append("\":1");
        }
        raw("n", many + ",\"data\":1}");
        raw("n", many.toString().replace("\"id\":\"1\"", "\"id\":\"2\"") + ",\"one\":\"more\",\"data\":2}");
        raw("n", HEAD.replace("\"1\"", "\"3\"") + ",\"long\":\"" + "x".repeat(65_536) + "\",\"data\":3}");
        await().until(() -> there.stats().badMessages() == 2 && seen.size() == 1);
        assertEquals(64, seen.get(0).headers().size());
        assertThrows(
                IllegalArgumentException.class,
                () -> here.publish(Topic.of("n", Integer.class), 1, Map.of("long", "x".repeat(65_536))));
    }

    @Test
    void aTopicThatIsTooLongIsReportedInFewWords() throws Exception {
        List<Integer> seen = numbers("**");
        raw("t".repeat(500_000), HEAD + ",\"data\":1}");
        publish("n", 1, 1);
        await().until(() -> seen.equals(List.of(1, 2)));
        await().until(() -> listener.told.size() == 1);
        assertTrue(
                listener.told
                        .get(0)
                        .endsWith("tt…: An event was dropped: its topic has 500000 characters; the limit is 512"),
                listener.told.get(0));
        assertTrue(listener.told.get(0).length() < 700);
    }
}
