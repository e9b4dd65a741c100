package dev.omnibus.rpc;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;

@WithRedis
class RedisDrainIT extends DrainContract {

    private final RedisServer redis;

    RedisDrainIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }
}
