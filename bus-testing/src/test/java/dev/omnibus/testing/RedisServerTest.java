package dev.omnibus.testing;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedisServerTest {
    private static final Duration SILENCE = Duration.ofMillis(200);

    @TempDir
    Path home;

    @Test
    void startsAnswersAndStops() {
        RedisServer redis = RedisServer.start();
        assertEquals("PONG", redis.command("PING"));
        assertEquals("redis://127.0.0.1:" + redis.port(), redis.url());
        assertTrue(redis.port() < 55_535, redis.url());
        assertTrue(redis.origin().matches("(embedded Redis|/.*-server) \\d+\\.\\d+\\..*"), redis.origin());
        Path folder = folderOf(redis);
        assertTrue(Files.isDirectory(folder));

        redis.close();
        redis.close();

        assertFalse(answers(redis));
        assertFalse(Files.exists(folder));
    }

    @Test
    void listensOnTheLoopbackAddressOnlyAndKeepsNothingOnDisk() {
        try (RedisServer redis = RedisServer.start()) {
            assertEquals(List.of("bind", "127.0.0.1"), redis.command("CONFIG", "GET", "bind"));
            assertEquals(List.of("protected-mode", "yes"), redis.command("CONFIG", "GET", "protected-mode"));
            assertEquals(List.of("save", ""), redis.command("CONFIG", "GET", "save"));
            assertEquals(List.of("appendonly", "no"), redis.command("CONFIG", "GET", "appendonly"));
        }
    }

    @Test
    void twoServersRunSideBySide() {
        try (RedisServer one = RedisServer.start();
                RedisServer other = RedisServer.start()) {
            one.command("SET", "who", "one");
            other.command("SET", "who", "other");
            assertNotEquals(one.port(), other.port());
            assertEquals("one", one.command("GET", "who"));
            assertEquals("other", other.command("GET", "who"));
        }
    }

    @Test
    void killedServerComesBackOnTheSamePortWithTheSameArguments() {
        try (RedisServer redis = RedisServer.start("--maxmemory", "12345678")) {
            int port = redis.port();
            redis.kill();
            redis.kill();
            assertFalse(answers(redis));
            assertThrows(IllegalStateException.class, redis::pause);

            redis.restart();

            assertEquals(port, redis.port());
            assertEquals(List.of("maxmemory", "12345678"), redis.command("CONFIG", "GET", "maxmemory"));
        }
    }

    @Test
    void runningServerIsReplacedByRestart() {
        try (RedisServer redis = RedisServer.start()) {
            redis.command("SET", "key", "value");
            long before = redis.pid();

            redis.restart();

            assertNotEquals(before, redis.pid());
            assertNull(redis.command("GET", "key"));
        }
    }

    @Test
    void dataKeptOnDiskOutlivesKillAndRestart() {
        try (RedisServer redis = RedisServer.start("--appendonly", "yes")) {
            redis.command("SET", "key", "value");
            redis.kill();
            redis.restart();
            assertEquals("value", redis.command("GET", "key"));
        }
    }

    @Test
    void pausedServerIsSilentUntilResumed() throws IOException {
        try (RedisServer redis = RedisServer.start()) {
            RedisAddress address = RedisAddress.local(redis.port());
            redis.pause();
            try (RespConnection silent = RespConnection.open(address, SILENCE)) {
                assertThrows(SocketTimeoutException.class, () -> silent.call("PING"));
            }
            redis.resume();
            assertEquals("PONG", redis.command("PING"));
        }
    }

    @Test
    void pausedServerCanBeRestartedAndClosed() {
        try (RedisServer redis = RedisServer.start()) {
            redis.pause();
            redis.restart();
            assertEquals("PONG", redis.command("PING"));
            redis.pause();
        }
    }

    @Test
    void commandReturnsEachType() {
        try (RedisServer redis = RedisServer.start()) {
            assertEquals("OK", redis.command("SET", "text", "grüße\r\n"));
            assertEquals("grüße\r\n", redis.command("GET", "text"));
            assertEquals("", redis.command("ECHO", ""));
            assertEquals(3L, redis.command("RPUSH", "list", "a", "b", "c"));
            assertEquals(List.of("a", "b", "c"), redis.command("LRANGE", "list", "0", "-1"));
            assertEquals(Arrays.asList("a", null), redis.command("EVAL", "return {'a', false}", "0"));
            assertEquals(List.of(1L, List.of(2L)), redis.command("EVAL", "return {1, {2}}", "0"));
            assertEquals(List.of(), redis.command("LRANGE", "missing", "0", "-1"));
            assertNull(redis.command("GET", "missing"));
            assertNull(redis.command("BLPOP", "missing", "0.01"));
        }
    }

    @Test
    void errorReplyIsThrownWithItsText() {
        try (RedisServer redis = RedisServer.start()) {
            redis.command("SET", "text", "value");
            RedisServerException e =
                    assertThrows(RedisServerException.class, () -> redis.command("LPUSH", "text", "x"));
            assertEquals(
                    "Redis at 127.0.0.1:" + redis.port()
                            + " refused LPUSH: WRONGTYPE Operation against a key holding the wrong kind of value",
                    e.getMessage());
        }
    }

    @Test
    void commandToAKilledServerSaysWhereNothingAnswered() {
        try (RedisServer redis = RedisServer.start()) {
            redis.kill();
            RedisServerException e = assertThrows(RedisServerException.class, () -> redis.command("PING"));
            assertEquals(redis + " cannot be asked for PING (" + e.getCause() + "); is it running?", e.getMessage());
        }
    }

    @Test
    void closedServerRefusesEverything() {
        RedisServer redis = RedisServer.start();
        redis.close();
        assertThrows(IllegalStateException.class, redis::kill);
        assertThrows(IllegalStateException.class, redis::restart);
        assertThrows(IllegalStateException.class, redis::resume);
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> redis.command("PING"));
        assertEquals(redis.origin() + " at 127.0.0.1:" + redis.port() + " is closed", e.getMessage());
    }

    @Test
    void misuseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> RedisServer.start("--port", "6379"));
        try (RedisServer redis = RedisServer.start()) {
            assertThrows(IllegalArgumentException.class, redis::command);
        }
    }

    @Test
    void argumentThatRedisRejectsIsReportedWithItsOutput() {
        RedisServerException e =
                assertThrows(RedisServerException.class, () -> RedisServer.start("--no-such-option", "1"));
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains("ended with code 1 before it answered; check its arguments"), message);
        assertTrue(message.contains("Bad directive"), message);
    }

    @Test
    void serverThatWantsAPasswordIsReady() {
        try (RedisServer redis = RedisServer.start("--requirepass", "secret")) {
            RedisServerException e = assertThrows(RedisServerException.class, () -> redis.command("PING"));
            assertTrue(String.valueOf(e.getMessage()).contains("NOAUTH"), e.getMessage());
        }
    }

    @Test
    void takenPortIsLeftForAnother() {
        Environment environment = Environments.with(home, Map.of());
        RedisServer gone = RedisServer.start();
        gone.close();
        int freePort = gone.port();
        try (RedisServer first = RedisServer.start()) {
            Deque<Integer> ports = new ArrayDeque<>(List.of(first.port(), freePort));
            try (OwnServer second = OwnServer.start(environment, List.of(), "", ports::removeFirst)) {
                assertEquals(freePort, second.port());
                assertEquals("PONG", first.command("PING"));
            }
        }
    }

    private static boolean answers(RedisServer redis) {
        try (RespConnection connection = RespConnection.open(RedisAddress.local(redis.port()), SILENCE)) {
            return "PONG".equals(connection.call("PING"));
        } catch (IOException e) {
            return false;
        }
    }

    static Path folderOf(RedisServer redis) {
        List<?> nameAndValue = (List<?>) requireNonNull(redis.command("CONFIG", "GET", "dir"));
        return Path.of((String) nameAndValue.get(1));
    }
}
