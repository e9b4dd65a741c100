package dev.omnibus.bus;

import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import org.junit.jupiter.api.Tag;

@Tag("slow")
@WithRedis
public class SentinelBusIT extends BusContract {

    private final RedisSentinels redis;

    SentinelBusIT(RedisSentinels redis) {
        this.redis = redis;
    }

    @Override
    public Transport connect() {
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
