package dev.omnibus.channel;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;

@WithRedis
class RedisChannelsIT extends ChannelsContract {

    private final RedisServer redis;

    RedisChannelsIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }
}
