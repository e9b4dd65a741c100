package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.internal.json.Json;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The conformance vectors for events, which implementations in other languages can run as well. */
public class EventVectorsTest extends BusFixture {

    private static final Path VECTORS = Path.of("src/test/resources/wire/vectors/events.json");

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    public Transport connect() {
        return network.open();
    }

    static List<Named<JsonNode>> vectors() throws IOException {
        List<Named<JsonNode>> vectors = new ArrayList<>();
        for (JsonNode vector :
                Json.mapper(null, 1 << 20).readTree(VECTORS.toFile()).path("vectors")) {
            vectors.add(Named.of(vector.path("name").asText(), vector));
        }
        return vectors;
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void aFrameIsReadAsTheVectorSays(JsonNode vector) throws Exception {
        List<Event<JsonNode>> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe("quakes.us", JsonNode.class, seen::add));

        RawFrames.publish(here, "quakes.us", vector.path("frame").asText()).get(10, SECONDS);
        here.publish("quakes.us", "the end").get(10, SECONDS);

        await().atMost(20, SECONDS)
                .until(() -> !seen.isEmpty()
                        && seen.get(seen.size() - 1).data().asText().equals("the end"));
        JsonNode expected = vector.path("events");
        assertEquals(expected.size(), seen.size() - 1, seen::toString);
        for (int i = 0; i < expected.size(); i++) {
            assertIs(expected.get(i), seen.get(i));
        }
        await().atMost(20, SECONDS)
                .untilAsserted(() -> assertEquals(
                        vector.path("dropped").asLong(), there.stats().badMessages()));
    }

    private static void assertIs(JsonNode expected, Event<JsonNode> event) {
        assertEquals(expected.path("id").asText(), event.id());
        assertEquals(expected.path("source").asText(), event.source());
        assertEquals(expected.path("type").asText(), event.type());
        assertEquals(expected.path("data"), event.data());
        if (expected.has("time")) {
            assertEquals(Instant.parse(expected.path("time").asText()), event.time());
        }
        expected.path("attributes")
                .properties()
                .forEach(attribute -> assertEquals(
                        attribute.getValue().asText(), event.headers().get(attribute.getKey())));
    }
}
