package dev.omnibus.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.event.Envelope;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.event.Payloads;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page of the events shows what is on the wire. */
class EventsPageTest {

    private static final Path GOLDEN = Path.of("src/test/resources/wire/v1");

    private final ObjectMapper json = Json.mapper(null, 1 << 20);
    private final EventCodec codec = new EventCodec(1 << 20, "shop-abc234");

    private static String squeezed(Path file) {
        try {
            return Files.readString(file).replaceAll("\\s", "");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void thePageShowsEveryGoldenMessage() throws IOException {
        String page = squeezed(Path.of("../docs/reference/events.md"));
        try (Stream<Path> files = Files.list(GOLDEN)) {
            assertEquals(
                    List.of(),
                    files.filter(file -> !page.contains(squeezed(file))).toList());
        }
    }

    @Test
    void bytesAndMarksAreWrittenAsThePageShowsThem() throws IOException {
        byte[] bytes = {0, 1, (byte) 200};
        byte[] prefix = codec.prefix("orders.scan", "Bytes");
        String written = new String(
                codec.write(prefix, Map.of(), new Payloads(json, null).write(bytes)), StandardCharsets.UTF_8);
        String shown = Files.readString(GOLDEN.resolve("event-bytes.json"));
        String tail = "\"datacontenttype\".*";
        assertTrue(shown.startsWith(new String(prefix, StandardCharsets.UTF_8)), shown);
        assertEquals(shown.replaceAll(".*(" + tail + ")", "$1"), written.replaceAll("(?s).*(" + tail + ")", "$1"));

        String mark = new String(
                codec.numbering("orders.placed", codec.prefix("orders.placed", "OrderPlaced"))
                        .marker(),
                StandardCharsets.UTF_8);
        assertEquals(
                Files.readString(GOLDEN.resolve("mark.json")), mark.replace("0".repeat(16), "0".repeat(14) + "42"));
    }

    @Test
    void theLeastOfAnEventIsRead() throws IOException {
        byte[] least = Files.readAllBytes(GOLDEN.resolve("event-least.json"));
        Envelope envelope = codec.read("orders.placed", new Message(least, 0, least.length));
        assertEquals("/by/hand", envelope.source);
        assertEquals(0, envelope.sequence);
    }
}
