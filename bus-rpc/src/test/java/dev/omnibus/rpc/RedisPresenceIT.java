package dev.omnibus.rpc;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;

@WithRedis
class RedisPresenceIT extends PresenceContract {

    private final RedisServer redis;

    RedisPresenceIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }
}
