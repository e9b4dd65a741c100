package dev.omnibus.rpc;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.redisson.config.Config;

/** Inboxes, methods and leases are on different masters. */
class ClusterCallIT extends CallContract {

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
        Config config = new Config();
        config.useClusterServers().setNodeAddresses(redis.urls());
        return RedissonTransport.connect(config);
    }
}
