package dev.omnibus.testing;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
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
        assertEquals("redis://:" + redis.password() + "@127.0.0.1:" + redis.port(), redis.url());
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
            RedisAddress address = redis.address();
            redis.pause();
            assertThrows(
                    SocketTimeoutException.class,
                    () -> RespConnection.open(address, SILENCE).close());
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
            assertEquals("PING to " + redis + " failed (" + e.getCause() + "); is it running?", e.getMessage());
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
    void strangersAreKeptOutByARandomPasswordThatNobodySees() throws IOException {
        try (RedisServer redis = RedisServer.start();
                RedisServer other = RedisServer.start()) {
            assertTrue(redis.password().length() >= 32, redis.password());
            assertNotEquals(redis.password(), other.password());
            assertFalse(redis.toString().contains(redis.password()));
            for (String password : List.of("", "guessed")) {
                RedisServerException e = assertThrows(
                        RedisServerException.class, () -> ask(RedisAddress.local(redis.port(), password), "PING"));
                assertTrue(String.valueOf(e.getMessage()).matches(".*(NOAUTH|WRONGPASS).*"), e.getMessage());
            }
            String[] visible = ProcessHandle.of(redis.pid())
                    .orElseThrow()
                    .info()
                    .arguments()
                    .orElse(new String[0]);
            assertFalse(String.join(" ", visible).contains(redis.password()));
            redis.restart();
            assertEquals("PONG", ask(redis.address(), "PING"));
        }
    }

    @Test
    void passwordOfTheCallerWins() throws IOException {
        try (RedisServer redis = RedisServer.start("--requirepass", "first", "--requirepass", "s:e/c#r+e%t@")) {
            assertEquals("s:e/c#r+e%t@", redis.password());
            assertEquals("PONG", redis.command("PING"));
            assertEquals("redis://:s%3Ae%2Fc%23r%2Be%25t%40@127.0.0.1:" + redis.port(), redis.url());
            try (RedisServer same = RedisServer.obtain(Environments.with(home, Map.of("REDIS_URL", redis.url())))) {
                assertEquals("PONG", same.command("PING"));
            }
        }
        try (RedisServer open = RedisServer.start("--requirepass", "")) {
            assertEquals("", open.password());
            assertEquals("redis://127.0.0.1:" + open.port(), open.url());
            assertEquals("PONG", open.command("PING"));
        }
    }

    @Test
    void usersOfTheCallerAreAllThatAreThere() throws IOException {
        try (RedisServer redis = RedisServer.startWithUsers("default on >mine ~* &* +@all")) {
            assertEquals("", redis.password());
            assertEquals("PONG", ask(RedisAddress.local(redis.port(), "mine"), "PING"));
            RedisServerException e = assertThrows(RedisServerException.class, () -> redis.command("PING"));
            assertTrue(String.valueOf(e.getMessage()).contains("NOAUTH"), e.getMessage());
        }
        Path users = Files.writeString(home.resolve("users.acl"), "user default on nopass ~* &* +@all\n");
        try (RedisServer redis = RedisServer.start("--aclfile", users.toString())) {
            assertEquals("PONG", redis.command("PING"));
        }
        try (RedisServer redis = RedisServer.startWithUsers("reader on >his ~* &* +@all")) {
            assertEquals("default", redis.command("ACL", "WHOAMI"));
            assertFalse(redis.password().isEmpty());
        }
    }

    private static @Nullable Object ask(RedisAddress address, String... command) throws IOException {
        try (RespConnection connection = RespConnection.open(address, Duration.ofSeconds(10))) {
            return connection.call(command);
        }
    }

    @Test
    void portThatAnyProgramTakesAfterItsReservationIsLeftForAnother() throws IOException {
        Environment environment = Environments.with(home, Map.of());
        Port lost = Port.reserve();
        try (ServerSocket taken = new ServerSocket(lost.number(), 1, InetAddress.getLoopbackAddress());
                Port free = Port.reserve();
                OwnServer server = OwnServer.start(
                        environment, List.of(), "", new ArrayDeque<>(List.of(lost, free))::removeFirst)) {
            assertTrue(taken.isBound());
            assertEquals(free.number(), server.address().port());
        }
    }

    @Test
    void portOfAKilledServerIsGivenToNoOtherUntilItIsClosed() {
        RedisServer server = RedisServer.start();
        try (server) {
            server.kill();
            assertNull(Port.tryReserve(server.port()));
            server.restart();
            assertEquals("PONG", server.command("PING"));
            assertNull(Port.tryReserve(server.port()));
        }
        try (Port again = Port.tryReserve(server.port())) {
            assertNotNull(again);
        }
    }

    private static boolean answers(RedisServer redis) {
        try (RespConnection connection = RespConnection.open(redis.address(), SILENCE)) {
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
