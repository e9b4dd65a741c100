package dev.omnibus.bus;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.jackson.JsonFormat;
import java.net.URI;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The SDK of CloudEvents reads what we write, and we read what it writes. */
public class CloudEventsSdkTest extends BusFixture {

    record Quake(String place, double magnitude) {}

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final JsonFormat format = new JsonFormat();

    @Override
    public Transport connect() {
        return network.open();
    }

    private CloudEvent published(Runnable publish) throws Exception {
        CompletableFuture<byte[]> frame = new CompletableFuture<>();
        try (Transport ear = network.open()) {
            FrameListener listener = (channel, bytes) -> frame.complete(bytes);
            ear.subscribe(BusRuntime.of(here).channels().names().event("quakes.us"), listener)
                    .get(10, SECONDS);
            publish.run();
            return format.deserialize(frame.get(10, SECONDS));
        }
    }

    @Test
    void theSdkReadsWhatWeWrite() throws Exception {
        Topic<Quake> topic = Topic.of("quakes.us", Quake.class);
        Instant before = Instant.now().minusSeconds(1);
        CloudEvent event =
                published(() -> here.publish(topic, new Quake("Zürich", 2.5), Map.of("traceparent", "00-ab-cd-01")));

        assertEquals("1.0", event.getSpecVersion().toString());
        assertEquals(URI.create("/nodes/" + here.node()), event.getSource());
        assertEquals("Quake", event.getType());
        assertEquals("quakes.us", event.getSubject());
        assertEquals("1", event.getId());
        assertEquals("0000000000000001", event.getExtension("sequence"));
        assertEquals("00-ab-cd-01", event.getExtension("traceparent"));
        OffsetDateTime time = event.getTime();
        assertNotNull(time);
        assertTrue(time.toInstant().isAfter(before));
        assertEquals("{\"place\":\"Zürich\",\"magnitude\":2.5}", new String(data(event), UTF_8));
    }

    @Test
    void theSdkReadsTheBytesThatWeWrite() throws Exception {
        byte[] bytes = {0, 1, (byte) 200};
        CloudEvent event = published(() -> here.publish("quakes.us", bytes));
        assertEquals("application/octet-stream", event.getDataContentType());
        assertEquals(200, Byte.toUnsignedInt(data(event)[2]));
    }

    private static byte[] data(CloudEvent event) {
        assertNotNull(event.getData());
        return event.getData().toBytes();
    }

    @Test
    void weReadWhatTheSdkWrites() throws Exception {
        CloudEvent event = CloudEventBuilder.v1()
                .withId("42")
                .withSource(URI.create("/others/7"))
                .withType("Quake")
                .withSubject("a subject")
                .withTime(OffsetDateTime.parse("2026-11-20T12:15:30+02:00"))
                .withDataContentType("application/json")
                .withData("{\"place\":\"Zürich\",\"magnitude\":2.5}".getBytes(UTF_8))
                .withExtension("comexample", 7)
                .build();
        CompletableFuture<Event<Quake>> seen = new CompletableFuture<>();
        ready(there.subscribe("quakes.us", Quake.class, seen::complete));

        RawFrames.publish(here, "quakes.us", format.serialize(event)).get(10, SECONDS);

        Event<Quake> read = seen.get(10, SECONDS);
        assertEquals(new Quake("Zürich", 2.5), read.data());
        assertEquals("42", read.id());
        assertEquals("/others/7", read.source());
        assertEquals("2026-11-20T10:15:30Z", read.time().toString());
        assertEquals("7", read.headers().get("comexample"));
    }

    @Test
    void weReadTheBytesThatTheSdkWrites() throws Exception {
        CloudEvent event = CloudEventBuilder.v1()
                .withId("43")
                .withSource(URI.create("/others/7"))
                .withType("Quake")
                .withData("{\"place\":\"x\"}".getBytes(UTF_8))
                .build();
        CompletableFuture<JsonNode> seen = new CompletableFuture<>();
        ready(there.subscribe("quakes.us", JsonNode.class, read -> seen.complete(read.data())));

        RawFrames.publish(here, "quakes.us", format.serialize(event)).get(10, SECONDS);

        assertEquals("x", seen.get(10, SECONDS).path("place").asText());
    }
}
