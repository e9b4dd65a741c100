package dev.omnibus.testing;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An executable redis-server or valkey-server, and a description of its origin for messages. */
record RedisBinary(Path executable, String origin) {
    /** The first version with sharded Pub/Sub, functions and ACL DRYRUN. */
    private static final int OLDEST_MAJOR = 7;

    private static final int VERSION_TIMEOUT_SECONDS = 5;
    private static final Pattern VERSION = Pattern.compile("\\bv=((\\d+)\\.[\\w.-]+)");
    private static final List<String> NAMES = List.of("redis-server", "valkey-server");

    /** Finds a binary. The system's own is preferred: it gets security fixes, the embedded one does not. */
    static RedisBinary find(Environment environment) {
        List<String> skipped = new ArrayList<>();
        for (Path candidate : candidates(environment)) {
            String version = versionOf(candidate);
            Matcher matcher = VERSION.matcher(version);
            if (matcher.find() && Integer.parseInt(matcher.group(2)) >= OLDEST_MAJOR) {
                return new RedisBinary(candidate, candidate + " " + matcher.group(1));
            }
            skipped.add(candidate + " (" + version + ")");
        }
        Optional<Path> embedded = EmbeddedBinary.locate(environment);
        return embedded.map(path -> new RedisBinary(path, "embedded Redis " + EmbeddedBinary.VERSION))
                .orElseThrow(() -> nothingFound(environment, skipped));
    }

    private static List<Path> candidates(Environment environment) {
        List<Path> candidates = new ArrayList<>();
        for (String folder : environment.variable("PATH").split(File.pathSeparator, -1)) {
            for (String name : NAMES) {
                Path file = Path.of(folder, environment.isWindows() ? name + ".exe" : name);
                if (!folder.isBlank() && Files.isRegularFile(file) && Files.isExecutable(file)) {
                    candidates.add(file.toAbsolutePath());
                }
            }
        }
        return candidates;
    }

    /** Returns the first line of {@code --version}, or why there is none, for the message when nothing is suitable. */
    private static String versionOf(Path executable) {
        Process process;
        try {
            process = new ProcessBuilder(executable.toString(), "--version")
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            return "does not run: " + e.getMessage();
        }
        try {
            if (!process.waitFor(VERSION_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                return "gave no version within " + VERSION_TIMEOUT_SECONDS + "s";
            }
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return output.lines().findFirst().orElse("gave no version");
        } catch (IOException e) {
            return "gave no version: " + e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RedisServerException("Interrupted while asking " + executable + " for its version", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static RedisServerException nothingFound(Environment environment, List<String> skipped) {
        return new RedisServerException("No Redis found: no redis-server or valkey-server " + OLDEST_MAJOR
                + " or newer is on the PATH"
                + (skipped.isEmpty() ? "" : ", skipped " + String.join(", ", skipped))
                + ", and no binary for " + environment.platform() + " from " + EmbeddedBinary.CARRIER
                + " is on the class path. Install one: apt-get install redis-server (Debian, Ubuntu),"
                + " brew install redis (macOS); on Windows use WSL.");
    }
}
