package dev.omnibus.bus;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import org.junit.jupiter.api.Tag;

@Tag("slow")
@WithRedis
public class ClusterBusIT extends BusContract {

    private final RedisCluster redis;

    ClusterBusIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    public Transport connect() {
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
