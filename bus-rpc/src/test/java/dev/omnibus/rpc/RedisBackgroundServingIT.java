package dev.omnibus.rpc;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.testing.RedisServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

class RedisBackgroundServingIT extends BackgroundServingContract {

    private static RedisServer redis;

    @BeforeAll
    static void start() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void end() {
        redis.close();
    }

    @BeforeEach
    void goAway() {
        redis.kill();
    }

    @Override
    BusBuilder builder() {
        return Bus.builder(redis.url());
    }

    @Override
    void come() {
        redis.restart();
    }
}
