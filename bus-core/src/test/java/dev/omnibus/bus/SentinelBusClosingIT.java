package dev.omnibus.bus;

import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import org.junit.jupiter.api.Tag;

@Tag("slow")
@WithRedis
public class SentinelBusClosingIT extends BusClosingContract {

    private final RedisSentinels redis;

    SentinelBusClosingIT(RedisSentinels redis) {
        this.redis = redis;
    }

    @Override
    public Transport connect() {
        return Networks.connect(redis);
    }
}
