package dev.omnibus.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bench.peer.Json;
import dev.omnibus.bench.server.NatsServer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jobs of durable topics, each for a moment. */
@Tag("slow")
class CompareDurableIT {

    @TempDir
    private Path folder;

    /** Each fails if an event was lost, doubled or not acknowledged. */
    @Test
    void durableEventsAreCountedInEveryJob() throws Exception {
        Path json = folder.resolve("result.json");
        String out = CompareIT.compare("--rounds 1 --warm-ups 1 --seconds 0.1 --peers none --json " + json
                + " --jobs durable-publish,durable-group-4,durable-follow-1,durable-alone,durable-backlog");
        JsonNode figures = Json.MAPPER.readTree(Files.readString(json)).get("figures");
        assertEquals(5, figures.size(), out);
        for (JsonNode figure : figures) {
            JsonNode round = figure.get("rounds").get(0);
            assertTrue(round != null && round.get(figure.get("metric").asText()).asDouble() > 0, out);
        }
    }

    @Test
    void durableEventsAreCountedWithEveryLibrary() throws Exception {
        String peers = "jetstream-file,jetstream-memory,rstream,rreliable";
        String out = CompareIT.compare("--rounds 1 --warm-ups 1 --seconds 0.1 --jobs durable-group-1 --peers " + peers);
        for (String peer : peers.split(",", -1)) {
            assertTrue(
                    out.contains("ratio durable-group-1 omnibus/" + peer + " ")
                            || out.contains(NatsServer.MISSING)
                            || peer.equals("jetstream-file"), // which has no budget
                    out);
        }
        assertFalse(out.contains("failed: "), out);
    }
}
