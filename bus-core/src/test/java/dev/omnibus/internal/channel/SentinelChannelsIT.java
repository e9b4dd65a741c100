package dev.omnibus.internal.channel;

import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import org.junit.jupiter.api.Tag;

@Tag("slow")
@WithRedis
class SentinelChannelsIT extends ChannelsContract {

    private final RedisSentinels redis;

    SentinelChannelsIT(RedisSentinels redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return Networks.connect(redis);
    }

    /** Whoever is back first finds nobody who listens yet, and a zero soon after a reconnect is counted as one. */
    @Override
    boolean countsAreSure() {
        return false;
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
