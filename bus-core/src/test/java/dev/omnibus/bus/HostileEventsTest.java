package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.impl.LaissezFaireSubTypeValidator;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever another program publishes on our channels: it is counted, reported and skipped, and the next is handled. */
class HostileEventsTest extends BusFixture {

    /** Its data may be of any class, if nobody prevents that. */
    record Open(@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS) Object any) {}

    private static final String HEAD = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"T\"";
    private static final String SECRET = "canary-7f3a";

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
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
                HEAD + ",\"data\":{\"id\":" + "9".repeat(1_000) + "}}",
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
            ready(bus.subscribe("tree", JsonNode.class, event -> seen.add(event.data())));
            String evil = "[\"java.util.concurrent.atomic.AtomicBoolean\",true]";
            RawFrames.publish(here, "open", HEAD + ",\"data\":{\"any\":" + evil + "}}")
                    .get(5, SECONDS);
            RawFrames.publish(here, "tree", HEAD + ",\"data\":" + evil + "}").get(5, SECONDS);
            await().until(() -> listener.told.size() == 1 && seen.size() == 1);
            assertEquals("bad open: Event 1 of /s is no Open: it does not fit at $.any", listener.told.get(0));
            assertEquals(evil, seen.get(0).toString());
        }
    }
}
