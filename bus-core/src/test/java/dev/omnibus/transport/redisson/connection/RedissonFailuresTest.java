package dev.omnibus.transport.redisson.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.redisson.client.RedisAuthRequiredException;
import org.redisson.client.RedisException;
import org.redisson.client.RedisLoadingException;
import org.redisson.client.RedisReadonlyException;
import org.redisson.client.RedisRetryException;
import org.redisson.client.RedisTimeoutException;
import org.redisson.config.Config;

/** What is said of errors of Redis. */
class RedissonFailuresTest {

    private static final String REDISSONS = ". channel: [id: 0x1] data: secret";

    @Test
    void anErrorOfRedisComesWithWhatToDo() {
        Map<RedisException, String> advice = Map.of(
                new RedisException("MISCONF Redis is configured to save RDB snapshots" + REDISSONS), "check its log",
                new RedisReadonlyException("READONLY You can't write against a read only replica." + REDISSONS),
                        "connect to the master",
                new RedisLoadingException("LOADING Redis is loading the dataset in memory" + REDISSONS),
                        "is ready when it has done so",
                new RedisAuthRequiredException("NOAUTH Authentication required." + REDISSONS), "with user and password",
                new RedisException("OOM command not allowed when used memory > 'maxmemory'." + REDISSONS),
                        "Its memory is full",
                new RedisRetryException("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
                                + REDISSONS),
                        "It writes no append-only file");
        advice.forEach((failure, said) -> {
            TransportException told = RedissonFailures.publish("c", failure);
            String message = String.valueOf(told.getMessage());
            assertTrue(message.contains(said), message);
            assertFalse(message.contains("secret"), message);
            assertTrue(told.notSent());
            boolean passes = failure instanceof RedisReadonlyException || failure instanceof RedisLoadingException;
            assertEquals(passes ? Kind.CONNECTION_LOST : Kind.REFUSED, told.kind());
        });
    }

    @Test
    void thatThisProcessWasLateIsSaidOnlyIfItWas() {
        Config config = new Config();
        config.useSingleServer().setAddress("redis://localhost:6379");
        RedisException silent = new RedisTimeoutException("on purpose");
        String inTime = String.valueOf(
                ConnectFailures.of(config, silent, Duration.ofMillis(50)).getMessage());
        String late = String.valueOf(
                ConnectFailures.of(config, silent, Duration.ofMillis(900)).getMessage());
        assertFalse(inTime.contains("processor"), inTime);
        assertTrue(late.contains("came 900 ms late meanwhile: has it enough processor time?"), late);
    }
}
