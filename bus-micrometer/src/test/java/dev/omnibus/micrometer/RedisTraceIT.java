package dev.omnibus.micrometer;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;

@WithRedis
class RedisTraceIT extends TraceContract {

    private final RedisServer redis;

    RedisTraceIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }
}
