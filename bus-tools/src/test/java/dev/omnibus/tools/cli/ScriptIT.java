package dev.omnibus.tools.cli;

import static java.util.concurrent.TimeUnit.SECONDS;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that starts the command line, as it is packaged: its archive of classes is that of a whole command. */
class ScriptIT {

    private static final Path SCRIPT = Path.of("target/omnibus/bin/omnibus").toAbsolutePath();

    @TempDir
    private Path cache;

    private int run(String redis, String... words) throws Exception {
        assumeTrue(Files.isExecutable(SCRIPT), "the program is not packaged; mvn verify does it");
        List<String> command = new ArrayList<>(List.of("sh", SCRIPT.toString()));
        command.addAll(List.of(words));
        Path said = Files.createTempFile(cache.getParent(), "said", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile());
        builder.environment().put("OMNIBUS_REDIS", redis);
        builder.environment().put("XDG_CACHE_HOME", cache.toString());
        builder.environment().put("OMNIBUS_JAVA_OPTS", "-Xlog:class+load:file=" + loaded());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(60, SECONDS), () -> "it goes on: " + String.join(" ", command));
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
        assertEquals(List.of(), archives());
        try (RedisServer redis = RedisServer.start()) {
            assertEquals(65, run(redis.url(), "call", "nobody.there"));
            assertEquals(1, archives().size(), "an archive, and nothing that is half done");
            assertFalse(isFromTheArchive("org.redisson.Redisson"));
            assertEquals(65, run(redis.url(), "call", "nobody.there"));
            assertTrue(isFromTheArchive("org.redisson.Redisson"));
        }
        assertEquals(1, archives().size());
    }
}
