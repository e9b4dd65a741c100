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

    @Override
    void takeDown() {
        Networks.servers(redis).forEach(RedisServer::kill);
    }

    @Override
    void bringUp() {
        Networks.servers(redis).forEach(RedisServer::restart);
    }
}
