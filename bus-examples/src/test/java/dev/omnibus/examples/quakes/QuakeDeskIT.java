package dev.omnibus.examples.quakes;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts the desk as its users do, in a JVM of its own. */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class QuakeDeskIT {

    private static final Pattern PROCESS = Pattern.compile("process (\\d+)");

    private final Set<ProcessHandle> children = new HashSet<>();
    private final List<String> printed = new ArrayList<>();
    private final Process desk = start();
    private final BufferedReader output = desk.inputReader(StandardCharsets.UTF_8);

    @AfterEach
    void killWhatIsLeft() {
        desk.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }

    @Test
    void allTotalsAreRightAndNoProcessIsLeft() throws Exception {
        readTo("4. Calls");
        noteChildren();
        readTo("no such line");

        assertEquals(0, desk.waitFor(), this::output);
        assertEquals("All totals are right.", printed.get(printed.size() - 1).replaceAll(", after .*", "."));
        assertEquals(List.of("437", "416", "465", "389", "1,707", "1,707"), received(), this::output);
        assertTrue(output().contains("missing 1 (the node that was killed)"), this::output);
        assertEveryProcessHasEnded();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void noProcessIsLeftWhenTheDeskIsEndedOverIt(boolean forcibly) throws Exception {
        readTo("  427 of");
        noteChildren();
        if (forcibly) {
            desk.destroyForcibly();
        } else {
            desk.destroy();
        }
        assertEveryProcessHasEnded();
    }

    private static Process start() {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        try {
            return new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), QuakeDesk.class.getName())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Reads to the line that begins so, or to the end. */
    private void readTo(String beginning) throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            printed.add(line);
            if (line.startsWith(beginning)) {
                return;
            }
        }
    }

    /** Those that the desk names, and whatever has been started besides: the Redis, unless it was there before. */
    private void noteChildren() {
        desk.descendants().forEach(children::add);
        List<Long> named = PROCESS.matcher(output())
                .results()
                .map(found -> Long.valueOf(found.group(1)))
                .toList();
        assertEquals(5, named.size(), this::output);
        assertTrue(children.stream().map(ProcessHandle::pid).toList().containsAll(named), this::output);
    }

    private List<String> received() {
        return Pattern.compile("(?m)^  (?:catalogue-\\S+|alerts|statistics) +([\\d,]+) +\\1 +0 +0 +0$")
                .matcher(output())
                .results()
                .map((MatchResult row) -> row.group(1))
                .toList();
    }

    private String output() {
        return String.join("\n", printed);
    }

    /** A zombie has no command any more: it waits for a first process that may not care, and is nothing of ours. */
    private void assertEveryProcessHasEnded() {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertEquals(
                        List.of(),
                        children.stream()
                                .filter(ProcessHandle::isAlive)
                                .filter(child -> child.info().command().isPresent())
                                .map(ProcessHandle::pid)
                                .toList()));
    }
}
