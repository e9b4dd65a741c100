package dev.omnibus.transport;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.time.Duration;

@WithRedis
class ClusterStreamsIT extends StreamsContract {

    private final RedisCluster redis;

    ClusterStreamsIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return Networks.connect(redis);
    }

    @Override
    void pass(Duration time) {
        RedisStreamsIT.pass(owner(), keys, time);
    }

    @Override
    void forget() {
        RedisStreamsIT.delete(owner(), keys);
    }

    private RedisServer owner() {
        return redis.masterOf(keys.log());
    }
}
