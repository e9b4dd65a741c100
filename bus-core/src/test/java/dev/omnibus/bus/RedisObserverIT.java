package dev.omnibus.bus;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;

@WithRedis
class RedisObserverIT extends ObserverContract {

    private final RedisServer redis;

    RedisObserverIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    public Transport connect() {
        return RedissonTransport.connect(redis.url());
    }
}
