package dev.omnibus.transport.redisson;

import static dev.omnibus.transport.redisson.cluster.ClusterCountsIT.assertNobodyIsCountedOut;
import static dev.omnibus.transport.redisson.cluster.ClusterCountsIT.count;
import static dev.omnibus.transport.redisson.cluster.ClusterCountsIT.subscribe;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.net.Socket;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.redisson.config.Config;

/** How many have received what was published, while master and replica change their parts. */
@WithRedis(replicas = 1)
class SentinelCountsIT {

    /** Redisson connects a subscriber again to the server that it knows, which passes on what the master publishes. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nobodyIsSaidToHaveHeardNothingWhoIsWithTheOldMasterStill(boolean withANewClient, RedisSentinels redis)
            throws Exception {
        redis.awaitReady();
        Config config = new Config();
        config.useSentinelServers()
                .setMasterName(redis.masterName())
                .addSentinelAddress(redis.urls().toArray(String[]::new));
        RedisServer before = redis.master();
        try (RedissonTransport transport = RedissonTransport.connect(config)) {
            await().atMost(20, SECONDS).until(() -> count(transport) == 0);

            redis.failover();
            if (withANewClient) { // which knows no other master
                transport.reconnect().get(20, SECONDS);
            }
            try (Socket subscriber = subscribe(before, "c")) {
                assertNobodyIsCountedOut(transport);
                assertFalse(subscriber.isClosed());
            }
            await().atMost(20, SECONDS).until(() -> count(transport) == 0);
        }
    }
}
