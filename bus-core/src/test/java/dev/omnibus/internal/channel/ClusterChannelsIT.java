package dev.omnibus.internal.channel;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import org.junit.jupiter.api.Tag;

@Tag("slow")
@WithRedis
class ClusterChannelsIT extends ChannelsContract {

    private final RedisCluster redis;

    ClusterChannelsIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return Networks.connect(redis);
    }

    /** Nobody may have subscribed again, and is counted as one: a zero is never certain that soon. */
    @Override
    boolean countsAreSure() {
        return false;
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
