package dev.omnibus.transport;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.redisson.Hooks;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The same where all hooks into Redisson and Netty are missing that may be missing. */
class PlainRedissonTransportIT extends TransportContract {

    private static RedisServer redis;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Override
    Transport connect() {
        return Hooks.connectWithoutOptional(redis.url());
    }

    @Override
    void takeDown() {
        redis.kill();
    }

    @Override
    void bringUp() {
        redis.restart();
    }
}
