package dev.omnibus.bus;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class ClusterBusIT extends BusContract {

    private static RedisCluster redis;
    private static List<RedisServer> servers;

    @BeforeAll
    static void startRedis() {
        redis = RedisCluster.start(0);
        servers = redis.nodes();
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
        redis.awaitReady();
    }
}
