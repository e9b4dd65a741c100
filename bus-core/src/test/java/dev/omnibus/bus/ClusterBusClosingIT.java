package dev.omnibus.bus;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class ClusterBusClosingIT extends BusClosingContract {

    private static RedisCluster redis;

    @BeforeAll
    static void startRedis() {
        redis = RedisCluster.start(0);
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Override
    Transport connect() {
        return Networks.connect(redis);
    }
}
