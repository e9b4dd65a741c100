package dev.omnibus.bus;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import org.junit.jupiter.api.Tag;

@Tag("slow")
@WithRedis
public class ClusterSubscriptionIT extends SubscriptionContract {

    private final RedisCluster redis;

    ClusterSubscriptionIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    public Transport connect() {
        return Networks.connect(redis);
    }
}
