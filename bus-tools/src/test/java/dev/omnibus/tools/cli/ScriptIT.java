package dev.omnibus.tools.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.tools.cli.base.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that starts the command line, as it is packaged: its archive of classes is that of a whole command. */
@Tag("slow")
class ScriptIT {

    private static final Path SCRIPT = Path.of("target/omnibus/bin/omnibus").toAbsolutePath();

    @TempDir
    private Path cache;

    private ProcessBuilder command(String redis, String... words) {
        assumeTrue(Files.isExecutable(SCRIPT), "the program is not packaged; mvn verify does it");
        List<String> command = new ArrayList<>(List.of("sh", SCRIPT.toString()));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("OMNIBUS_REDIS", redis);
        builder.environment().put("XDG_CACHE_HOME", cache.toString());
        builder.environment().put("OMNIBUS_JAVA_OPTS", "-Xlog:class+load:file=" + loaded());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder;
    }

    private int run(String redis, String... words) throws Exception {
        Path said = Files.createTempFile(cache.getParent(), "said", ".txt");
        Process process = command(redis, words).redirectOutput(said.toFile()).start();
        try {
            assertTrue(process.waitFor(60, SECONDS), () -> "it goes on: " + String.join(" ", words));
            return process.exitValue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
            System.out.println(String.join(" ", words) + ": " + Files.readString(said));
            Files.delete(said);
        }
    }

    /** Where the JVM writes which classes it loads, and from where. */
    private Path loaded() {
        return cache.resolve("loaded.txt");
    }

    private boolean isFromTheArchive(String type) throws IOException {
        try (Stream<String> lines = Files.lines(loaded())) {
            return lines.anyMatch(line -> line.contains(' ' + type + " source: shared objects file (top)"));
        }
    }

    /** Until what the first commands have left is an archive, or gone. */
    private void awaitArchives(int number) {
        await().atMost(20, SECONDS)
                .until(() -> archives().size() == number
                        && archives().stream().allMatch(file -> file.toString().endsWith(".jsa")));
    }

    private List<Path> archives() throws IOException {
        try (Stream<Path> files = Files.walk(cache)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.toString().contains(".jsa"))
                    .toList();
        }
    }

    @Test
    void theFirstCommandThatReachesRedisLeavesAnArchiveThatTheOthersUse() throws Exception {
        assertEquals(ExitCode.OK, run("redis://127.0.0.1:1", "--version"));
        assertEquals(ExitCode.USAGE, run("redis://127.0.0.1:1", "call", "--no-such-option"));
        assertEquals(ExitCode.UNREACHABLE, run("redis://127.0.0.1:1", "call", "nobody.there"));
        awaitArchives(0);
        try (RedisServer redis = RedisServer.start()) {
            assertEquals(65, run(redis.url(), "call", "nobody.there"));
            awaitArchives(1);
            assertFalse(isFromTheArchive("org.redisson.Redisson"));
            assertEquals(65, run(redis.url(), "call", "nobody.there"));
            assertTrue(isFromTheArchive("org.redisson.Redisson"));
        }
        assertEquals(1, archives().size());
    }

    @Test
    void aFirstCommandThatIsEndedFromOutsideEndsAndLeavesItsArchive() throws Exception {
        try (RedisServer redis = RedisServer.start()) {
            Process process = command(redis.url(), "sub", "prices")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                await().atMost(30, SECONDS)
                        .until(() -> archives().stream()
                                .anyMatch(file -> file.toString().endsWith(".connected")));
                process.destroy(); // SIGTERM, which must not reach a shell alone
                assertTrue(process.waitFor(30, SECONDS));
                assertEquals(143, process.exitValue());
            } finally {
                process.destroyForcibly().waitFor();
            }
        }
        awaitArchives(1);
    }
}
