package dev.omnibus.transport;

import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;

@WithRedis
class SentinelTransportIT extends TransportContract {

    private final RedisSentinels redis;

    SentinelTransportIT(RedisSentinels redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return Networks.connect(redis);
    }

    @Override
    void takeDown() {
        Networks.servers(redis).forEach(RedisServer::kill);
    }

    @Override
    void bringUp() {
        Networks.servers(redis).forEach(RedisServer::restart);
    }
}
