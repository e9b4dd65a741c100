package dev.omnibus.examples.stage;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** A demonstration as its users start it, in a JVM of its own, with the processes that it starts. */
public final class DeskProcess implements AutoCloseable {

    private static final Pattern PROCESS = Pattern.compile("process (\\d+)");

    private final Set<ProcessHandle> children = new HashSet<>();
    private final List<String> printed = new ArrayList<>();
    private final Process desk;
    private final BufferedReader output;

    /** Starts one. */
    public DeskProcess(Class<?> main) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        try {
            desk = new ProcessBuilder(
                            java,
                            "-XX:TieredStopAtLevel=1",
                            "-XX:+UseSerialGC",
                            "-Dio.netty.jfr.enabled=false",
                            "-cp",
                            System.getProperty("java.class.path"),
                            main.getName())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        output = desk.inputReader(StandardCharsets.UTF_8);
    }

    /** Reads to the line that begins so, or to the end. */
    public void readTo(String beginning) throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            printed.add(line);
            if (line.startsWith(beginning)) {
                return;
            }
        }
    }

    /** Those that the desk has named, and whatever it has started besides: the Redis, unless it was there before. */
    public void noteChildren(int expected) {
        desk.descendants().forEach(children::add);
        List<Long> named = PROCESS.matcher(output())
                .results()
                .map(found -> Long.valueOf(found.group(1)))
                .toList();
        assertEquals(expected, named.size(), this::output);
        assertTrue(children.stream().map(ProcessHandle::pid).toList().containsAll(named), this::output);
    }

    /** Reads to the end: all totals must have been right. */
    public void assertEndsWell() throws IOException, InterruptedException {
        readTo("no such line");
        assertEquals(0, desk.waitFor(), this::output);
        assertEquals("All totals are right.", printed.get(printed.size() - 1).replaceAll(", after .*", "."));
        assertEveryProcessHasEnded();
    }

    /** What it has printed so far. */
    public String output() {
        return String.join("\n", printed);
    }

    /** Ends it over whatever it does. */
    public void end(boolean forcibly) {
        if (forcibly) {
            desk.destroyForcibly();
        } else {
            desk.destroy();
        }
    }

    /** A zombie has no command any more: it waits for a first process that may not care, and is nothing of ours. */
    public void assertEveryProcessHasEnded() {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertEquals(
                        List.of(),
                        children.stream()
                                .filter(ProcessHandle::isAlive)
                                .filter(child -> child.info().command().isPresent())
                                .map(ProcessHandle::pid)
                                .toList()));
    }

    @Override
    public void close() {
        desk.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }
}
