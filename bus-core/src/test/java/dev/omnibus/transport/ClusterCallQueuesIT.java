package dev.omnibus.transport;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.WithRedis;
import java.time.Duration;

/** Queues and inboxes are on different masters. */
@WithRedis
class ClusterCallQueuesIT extends CallQueuesContract {

    private final RedisCluster redis;

    ClusterCallQueuesIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        Transport connected = Networks.connect(redis);
        assertTrue(connected.shard(channel -> channel.contains(":inbox:")));
        return connected;
    }

    @Override
    void standStill(Duration time) {
        standStill(redis.masterOf(keys.queue()), time);
    }
}
