package dev.omnibus.durable;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import org.junit.jupiter.api.Tag;

@Tag("slow")
@WithRedis
class ClusterDurableTopicIT extends DurableTopicContract {

    private final RedisCluster redis;

    ClusterDurableTopicIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return Networks.connect(redis);
    }
}
