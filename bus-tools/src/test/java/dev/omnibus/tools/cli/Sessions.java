package dev.omnibus.tools.cli;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A golden session: lines that are typed, and what comes of them. {@code $} is before a command, {@code <} before what
 * is on its stdin, {@code !} before stderr, {@code ?} before the exit code, and nothing before stdout. Ids, times and
 * numbers that change are masked.
 */
final class Sessions {

    private static final Path FOLDER = Path.of("src/test/resources/sessions");

    /** A command that does not end fails its session, and no others. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String INTERRUPT = "^C\n";

    private Sessions() {}

    static List<Path> files() throws IOException {
        try (var files = Files.list(FOLDER)) {
            return files.filter(file -> file.toString().endsWith(".txt"))
                    .sorted()
                    .toList();
        }
    }

    static Path file(String command) {
        return FOLDER.resolve(command + ".txt");
    }

    /** Plays the commands of a file; what is there then is what they have left. */
    static String play(String session, Shell shell) {
        StringBuilder played = new StringBuilder();
        List<String> stdin = new ArrayList<>();
        String command = "";
        for (String line : (session + "\n$ ").lines().toList()) {
            if (line.startsWith("< ")) {
                stdin.add(line.substring(2));
            } else if (line.startsWith("#") && command.isEmpty()) {
                played.append(line).append('\n');
            } else if (line.startsWith("$ ") || line.equals("$")) {
                if (!command.isEmpty()) {
                    played.append(played(command, stdin, shell));
                    stdin.clear();
                }
                command = line.substring(Math.min(2, line.length()));
            }
        }
        return played.toString();
    }

    private static String played(String command, List<String> stdin, Shell shell) {
        StringBuilder text = new StringBuilder("$ " + command + "\n");
        stdin.forEach(line -> text.append("< ").append(line).append('\n'));
        Shell.Result result =
                assertTimeoutPreemptively(PATIENCE, () -> shell.run(command, String.join("\n", stdin)), command);
        List<String> words = Shell.words(command.replaceFirst("^.*?\\bomnibus ", ""));
        if (words.contains("--json")) {
            Schemas.check(words.get(0).equals("groups") ? "lag" : words.get(0), result.out());
        }
        text.append(masked(result.out()));
        masked(result.err())
                .lines()
                .forEach(line -> text.append("! ").append(line).append('\n'));
        return text.append("? ").append(result.code()).append("\n\n").toString();
    }

    /** What is wrong with a page: its blocks of commands have stdout, stderr and the exit code unless that is 0. */
    static void comparePage(String page, Shell shell) {
        int blocks = 0;
        for (String part : page.split("```console\n", -1)) {
            blocks++;
            if (blocks == 1) {
                continue; // what is before the first one
            }
            String block = part.substring(0, part.indexOf("```"));
            for (String entry : block.split("(?m)^\\$ ", -1)) {
                if (!entry.isEmpty()) {
                    String command = entry.lines().findFirst().orElseThrow();
                    String shown =
                            entry.endsWith(INTERRUPT) ? untilInterrupted(command, entry, shell) : ended(command, shell);
                    assertEquals(masked(entry), masked(shown), command);
                }
            }
        }
        assertTrue(blocks > 1, "The page has no commands");
    }

    private static String ended(String command, Shell shell) {
        Shell.Result result = assertTimeoutPreemptively(PATIENCE, () -> shell.run(command, ""), command);
        return shown(command, result) + (result.code() == 0 ? "" : "# exit code " + result.code() + "\n");
    }

    /** What a command that does not end by itself has said when it has said enough. */
    private static String untilInterrupted(String command, String entry, Shell shell) {
        Shell.Running running = shell.start(command);
        try {
            await(command)
                    .atMost(PATIENCE)
                    .until(() ->
                            masked(shown(command, running.soFar()) + INTERRUPT).equals(masked(entry)));
        } finally {
            running.interrupt();
        }
        return shown(command, running.soFar()) + INTERRUPT;
    }

    private static String shown(String command, Shell.Result result) {
        return command + "\n" + result.out() + result.err();
    }

    /** Without what is different each time. */
    static String masked(String text) {
        return text.replaceAll("\\b(shop|desk|omnibus|mute)-[a-z0-9]{12}\\b", "$1-ID")
                .replaceAll("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z", "TIME")
                .replaceAll("\\b\\d+(\\.\\d+)? ms\\b", "N ms")
                .replaceAll("\\bOK \\d+ events came", "OK N events came") // as many as there happen to be
                .replaceAll("\\+N ms", "+N ms")
                .replaceAll(
                        "\"(elapsedMs|latencyMs|afterMs|oldest|ms|pid|sequence|id|bytes|up|host|ttl)\":(\"[^\"]*\"|[0-9.E-]+)",
                        "\"$1\":N")
                .replaceAll(
                        "\"(value|minMs|medianMs|p50Ms|p95Ms|p99Ms|p999Ms|maxMs|seconds|perSecond|calls|callsPerSecond|failedPerSecond|published|received|handled|failed|running|waiting)\":[0-9.E-]+",
                        "\"$1\":N")
                .replaceAll("\\b\\d{13}-\\d+\\b", "POSITION")
                .replaceAll("redis://:[0-9a-f]{32}@", "redis://:PASSWORD@")
                .replaceAll("127\\.0\\.0\\.1:\\d+", "127.0.0.1:PORT")
                .replaceAll("#token=[\\w-]{43}", "#token=TOKEN")
                .replaceAll("[ \\t]+(?=\\n)", "");
    }
}
