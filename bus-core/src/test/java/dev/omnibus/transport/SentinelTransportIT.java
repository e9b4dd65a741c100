package dev.omnibus.transport;

import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class SentinelTransportIT extends TransportContract {

    private static RedisSentinels redis;
    private static List<RedisServer> servers;

    @BeforeAll
    static void startRedis() {
        redis = RedisSentinels.start(1);
        servers = Networks.servers(redis);
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Override
    Transport connect() {
        return Networks.connect(redis);
    }

    @Override
    void takeDown() {
        servers.forEach(RedisServer::kill);
    }

    @Override
    void bringUp() {
        servers.forEach(RedisServer::restart);
    }
}
