package dev.omnibus.bus;

import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;

@WithRedis
class SentinelBusClosingIT extends BusClosingContract {

    private final RedisSentinels redis;

    SentinelBusClosingIT(RedisSentinels redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return Networks.connect(redis);
    }
}
