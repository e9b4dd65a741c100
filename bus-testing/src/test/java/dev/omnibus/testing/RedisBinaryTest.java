package dev.omnibus.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedisBinaryTest {
    @TempDir
    Path home;

    @Test
    void serverOnThePathComesBeforeTheEmbeddedOne() throws IOException {
        Path valkey = program("new", "valkey-server", "Valkey server v=8.1.3 sha=00000000:0 malloc=libc bits=64");
        assertEquals(new RedisBinary(valkey, valkey + " 8.1.3"), find(folder(valkey)));
    }

    @Test
    void serverTooOldOrBrokenIsPassedOver() throws IOException {
        Path old = program("old", "redis-server", "Redis server v=6.2.11 sha=00000000:0 malloc=libc bits=64");
        Path broken = program("broken", "redis-server", "error while loading shared libraries");
        Path recent = program("recent", "redis-server", "Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64");
        String path = String.join(File.pathSeparator, folder(old), "", folder(broken), folder(recent));
        assertEquals(recent + " 7.2.4", find(path).origin());
    }

    @Test
    void embeddedServerIsUsedWhenThePathHasNone() {
        assertEquals("embedded Redis 7.0.15", find(home.toString()).origin());
    }

    @Test
    void embeddedServerStarts() {
        try (RedisServer redis = RedisServer.start(Environments.with(home, Map.of()))) {
            assertEquals("embedded Redis 7.0.15", redis.origin());
            assertEquals("PONG", redis.command("PING"));
        }
    }

    @Test
    void serverOnThePathStarts() throws IOException {
        Path embedded = find("").executable();
        Path onPath = home.resolve("redis-server");
        Files.createSymbolicLink(onPath, embedded);
        try (RedisServer redis = RedisServer.start(Environments.with(home, Map.of("PATH", home.toString())))) {
            assertEquals(onPath + " 7.0.15", redis.origin());
            assertEquals("PONG", redis.command("PING"));
        }
    }

    @Test
    void pauseIsUnsupportedOnWindows() throws IOException {
        Files.createSymbolicLink(home.resolve("redis-server.exe"), find("").executable());
        Environment windows =
                new Environment(Map.of("PATH", home.toString()), "Windows 11", "amd64", home, name -> null);
        try (RedisServer redis = RedisServer.start(windows)) {
            UnsupportedOperationException e = assertThrows(UnsupportedOperationException.class, redis::pause);
            assertEquals("Windows has no SIGSTOP; run this test in WSL, or use kill() and restart()", e.getMessage());
        }
    }

    @Test
    void whenNothingIsFoundTheErrorSaysWhatToInstall() throws IOException {
        Path old = program("old", "redis-server", "Redis server v=6.2.11 sha=0");
        Environment environment = Environments.withoutCarrier(home, Map.of("PATH", folder(old)));
        RedisServerException e = assertThrows(RedisServerException.class, () -> RedisServer.obtain(environment));
        assertEquals(
                "No Redis found: no redis-server or valkey-server 7 or newer is on the PATH, skipped " + old
                        + " (Redis server v=6.2.11 sha=0), and no binary for linux-amd64 from"
                        + " org.signal:embedded-redis:0.9.1 is on the class path. Install one: apt-get install"
                        + " redis-server (Debian, Ubuntu), brew install redis (macOS); on Windows use WSL.",
                e.getMessage());
    }

    @Test
    void whenThePathIsEmptyNothingIsPassedOver() {
        RedisServerException e = assertThrows(
                RedisServerException.class, () -> RedisServer.start(Environments.withoutCarrier(home, Map.of())));
        assertEquals(
                "No Redis found: no redis-server or valkey-server 7 or newer is on the PATH, and no binary for"
                        + " linux-amd64 from org.signal:embedded-redis:0.9.1 is on the class path. Install one: apt-get"
                        + " install redis-server (Debian, Ubuntu), brew install redis (macOS); on Windows use WSL.",
                e.getMessage());
    }

    private RedisBinary find(String path) {
        return RedisBinary.find(Environments.with(home, Map.of("PATH", path)));
    }

    private static String folder(Path program) {
        return String.valueOf(program.getParent());
    }

    /** A program that prints one line, whatever it is asked. */
    private Path program(String folder, String name, String output) throws IOException {
        Path program = Folders.createPrivate(home.resolve(folder)).resolve(name);
        Files.writeString(program, "#!/bin/sh\necho '" + output + "'\n", StandardCharsets.UTF_8);
        if (!program.toFile().setExecutable(true)) {
            throw new IOException("Cannot make executable: " + program);
        }
        return program;
    }
}
