package dev.omnibus.testing;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedisUrlTest {
    @TempDir
    Path home;

    @Test
    void serverOfRedisUrlIsUsedAsItIsAndNeverStopped() {
        try (RedisServer theirs = RedisServer.start()) {
            RedisServer redis = obtain(theirs.url());
            assertEquals("REDIS_URL", redis.origin());
            assertEquals(theirs.url(), redis.url());
            assertEquals(theirs.port(), redis.port());
            redis.command("SET", "key", "value");

            redis.close();

            assertEquals("value", theirs.command("GET", "key"));
        }
    }

    @Test
    void serverOfRedisUrlCannotBeKilledRestartedOrPaused() {
        try (RedisServer theirs = RedisServer.start();
                RedisServer redis = obtain(theirs.url())) {
            assertThrows(IllegalStateException.class, redis::restart);
            assertThrows(IllegalStateException.class, redis::pause);
            assertThrows(IllegalStateException.class, redis::resume);
            IllegalStateException e = assertThrows(IllegalStateException.class, redis::kill);
            assertEquals(
                    "Cannot kill the server of REDIS_URL, which this library does not manage;"
                            + " use RedisServer.start() for a process that can be stopped",
                    e.getMessage());
        }
    }

    @Test
    void loginAndDatabaseOfTheUrlAreUsed() {
        String user = "user alice on >secret ~* &* +@all";
        try (RedisServer theirs = RedisServer.start("--requirepass", "main", "--" + user);
                RedisServer asDefault = obtain("redis://:main@127.0.0.1:" + theirs.port());
                RedisServer asAlice = obtain("redis://alice:secret@127.0.0.1:" + theirs.port() + "/3")) {
            asAlice.command("SET", "key", "value");
            assertEquals("alice", asAlice.command("ACL", "WHOAMI"));
            assertEquals("default", asDefault.command("ACL", "WHOAMI"));
            assertEquals(0L, asDefault.command("EXISTS", "key"));
            assertEquals("REDIS_URL at 127.0.0.1:" + theirs.port(), asAlice.toString());
        }
    }

    @Test
    void redisUrlThatDoesNotAnswerIsAClearError() {
        RedisServer gone = RedisServer.start();
        gone.close();
        RedisServerException e = assertThrows(RedisServerException.class, () -> obtain(gone.url()));
        assertEquals(
                "REDIS_URL does not work; correct it or unset it: PING to REDIS_URL at 127.0.0.1:" + gone.port()
                        + " failed ("
                        + requireNonNull(e.getCause()).getCause()
                        + "); is it running?",
                e.getMessage());
    }

    @Test
    void redisUrlWithAWrongPasswordIsAClearError() {
        try (RedisServer theirs = RedisServer.start("--requirepass", "main")) {
            String url = "redis://:wrong@127.0.0.1:" + theirs.port();
            RedisServerException e = assertThrows(RedisServerException.class, () -> obtain(url));
            assertEquals(
                    "REDIS_URL does not work; correct it or unset it: Redis at 127.0.0.1:" + theirs.port()
                            + " refused AUTH: WRONGPASS invalid username-password pair or user is disabled.",
                    e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost:6379",
                "rediss://u:secret@h",
                "redis://",
                "redis://u:secret@a b",
                "redis://secret@h:70000",
                "redis://h/secret"
            })
    void unreadableRedisUrlIsAClearErrorWithoutItsPassword(String url) {
        RedisServerException e = assertThrows(RedisServerException.class, () -> obtain(url));
        assertEquals(
                "REDIS_URL is not of the form redis://[[user]:password@]host[:port][/database]; correct it or unset it",
                e.getMessage());
    }

    private RedisServer obtain(String url) {
        return RedisServer.obtain(Environments.with(home, Map.of("REDIS_URL", url)));
    }
}
