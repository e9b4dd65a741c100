package dev.omnibus.rpc;

import dev.omnibus.rpc.faults.Configs;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.transport.Transport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Queues, inboxes and leases are on different masters. */
@Tag("slow")
class ClusterQueuedCallIT extends QueuedCallContract {

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
        return Configs.connect(redis);
    }
}
