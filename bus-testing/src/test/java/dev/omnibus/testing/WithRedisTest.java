package dev.omnibus.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@WithRedis
class WithRedisTest {
    private final RedisServer redis;

    WithRedisTest(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void classGetsAServerThatAnswers() {
        assertEquals("PONG", redis.command("PING"));
    }

    @Test
    void constructorAndMethodGetTheSameServer(RedisServer parameter) {
        assertSame(redis, parameter);
    }

    @Nested
    class Inner {
        @Test
        void nestedClassSharesTheServer(RedisServer parameter) {
            assertSame(redis, parameter);
        }
    }
}
