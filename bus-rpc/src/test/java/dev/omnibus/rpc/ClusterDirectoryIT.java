package dev.omnibus.rpc;

import dev.omnibus.rpc.faults.Configs;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Transport;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The directory of a bus is in one slot, the nodes are anywhere. */
@Tag("slow")
class ClusterDirectoryIT extends DirectoryContract {

    private static RedisCluster redis;
    private static List<RedisServer> masters;

    @BeforeAll
    static void startRedis() {
        redis = RedisCluster.start(0);
        masters = redis.nodes();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Override
    Transport connect() {
        return Configs.connect(redis);
    }

    @Override
    int keys(String glob) {
        return masters.stream()
                .mapToInt(master -> ((List<?>) Objects.requireNonNull(master.command("KEYS", glob))).size())
                .sum();
    }

    @Override
    void forget() {
        masters.forEach(master -> master.command("FLUSHALL"));
    }

    @Override
    RedisServer server() {
        return redis.masterOf(prefix + ":nodes");
    }

    @Override
    void restart() {
        masters.forEach(RedisServer::kill);
        masters.forEach(RedisServer::restart);
        redis.awaitReady();
    }
}
