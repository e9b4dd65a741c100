package dev.omnibus.transport;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;

@WithRedis
class ClusterTransportIT extends TransportContract {

    private final RedisCluster redis;

    ClusterTransportIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return Networks.connect(redis);
    }

    @Override
    void takeDown() {
        redis.nodes().forEach(RedisServer::kill);
    }

    @Override
    void bringUp() {
        redis.nodes().forEach(RedisServer::restart);
        redis.awaitReady();
    }
}
