package dev.omnibus.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bench.peer.Json;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole way once, short: real servers, real processes, every form of output. */
@Tag("slow")
class CompareIT {

    private static final Pattern LINE =
            Pattern.compile("(ratio|limit) (\\S+) (omnibus\\S*) ([0-9.]+) budget ([0-9.]+) (ok|short)");

    /** A cold JVM compiles for longer than no time. */
    private static final Pattern WARMING_UP = Pattern.compile("warm-up +omnibus .*, JIT [0-9.,]*[1-9]");

    @TempDir
    private Path folder;

    @Test
    void aComparisonEndsWithLinesThatProgramsRead() throws Exception {
        Path json = folder.resolve("result.json");
        Path markdown = folder.resolve("result.md");
        Path svg = folder.resolve("result.svg");
        String out = compare("--rounds 1 --warm-ups 1 --seconds 0.5 --jobs calls-256,events-1 --peers rtopic --json "
                + json + " --markdown " + markdown + " --svg " + svg);

        List<Matcher> lines =
                out.lines().map(LINE::matcher).filter(Matcher::matches).toList();
        assertEquals(
                List.of("ratio events-1 omnibus/rtopic", "limit calls-256 omnibus"),
                lines.stream()
                        .map(line -> line.group(1) + " " + line.group(2) + " " + line.group(3))
                        .toList(),
                out);
        assertTrue(WARMING_UP.matcher(out).find(), out);
        lines.forEach(line -> assertTrue(Double.parseDouble(line.group(4)) > 0, line.group()));

        JsonNode figures = Json.MAPPER.readTree(Files.readString(json)).get("figures");
        assertEquals(4, figures.size(), figures.toString());
        for (JsonNode figure : figures) {
            assertEquals(1, figure.get("rounds").size(), figure.toString());
            assertTrue(figure.get("rounds").get(0).get("rate").asDouble() > 0, figure.toString());
            assertTrue(figure.get("rounds").get(0).get("jit").asDouble(-1) >= 0, figure.toString());
            if (figure.get("peer").asText().equals("omnibus")) {
                assertEquals(0, figure.get("rounds").get(0).get("lost").asDouble(), figure.toString());
            }
        }
        assertTrue(Files.readString(markdown).contains("| events to 1 process | rtopic | "));
        assertTrue(Files.readString(svg).contains(">events to 1 process, rtopic<"));
    }

    @Test
    void queuedCallsAreComparedWithDirectOnesAndWithThoseOfTheRemoteService() throws Exception {
        String out =
                compare("--rounds 1 --warm-ups 1 --seconds 1 --jobs call-alone,queued-alone,queued-64 --peers rremote");
        List<Matcher> lines = out.lines()
                .map(LINE::matcher)
                .filter(Matcher::matches)
                .filter(line -> line.group(2).startsWith("queued"))
                .toList();
        assertEquals(
                List.of("queued-alone omnibus/omnibus@call-alone", "queued-64 omnibus/rremote"),
                lines.stream().map(line -> line.group(2) + " " + line.group(3)).toList(),
                out);
        lines.forEach(line -> assertTrue(Double.parseDouble(line.group(4)) > 0, line.group()));
    }

    /** A call goes to Redis and on to the server, and back; clients of a cluster learn the ways to all its masters. */
    @Test
    void everyServerIsAsFarAwayAsTheLinkSays() throws Exception {
        Path json = folder.resolve("result.json");
        String out = compare("--rounds 1 --warm-ups 1 --seconds 0.2 --jobs call-alone --peers nats,grpc --rtt 2ms"
                + " --cluster 3 --json " + json);
        assertTrue(out.contains("a round trip of 2.00 ms between everybody and every server"), out);
        for (JsonNode figure : Json.MAPPER.readTree(Files.readString(json)).get("figures")) {
            String peer = figure.get("peer").asText();
            JsonNode round = figure.get("rounds").get(0);
            if (round != null || !peer.equals("nats")) { // which may not be installed
                assertTrue(round.get("p50").asDouble() >= (peer.equals("grpc") ? 2_000 : 4_000), figure.toString());
                assertEquals(peer.equals("omnibus-cluster"), round.has("bus"), figure.toString());
            }
        }
    }

    @Test
    void aColdStartIsTheTimeOfAProgramThatHasItsAnswer() throws Exception {
        String out = compare("--rounds 1 --warm-ups 1 --seconds 0.1 --jobs cold-start --peers none");
        Matcher line = LINE.matcher(out.lines()
                .filter(each -> each.startsWith("limit cold-start omnibus "))
                .findFirst()
                .orElse(out));
        assertTrue(line.matches(), out);
        assertTrue(Double.parseDouble(line.group(4)) > 10, out); // milliseconds
    }

    static String compare(String arguments) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream progress = new ByteArrayOutputStream();
        try (PrintStream printed = new PrintStream(out, true, UTF_8);
                PrintStream told = new PrintStream(progress, true, UTF_8)) {
            Compare.run(Options.parse(List.of(arguments.split(" "))), printed, told);
        }
        return out.toString(UTF_8) + progress.toString(UTF_8).lines().collect(Collectors.joining("\n# ", "# ", "\n"));
    }
}
