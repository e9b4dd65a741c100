package dev.omnibus.durable;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisDurableTopicIT extends DurableTopicContract {

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
        return RedissonTransport.connect(redis.url());
    }
}
