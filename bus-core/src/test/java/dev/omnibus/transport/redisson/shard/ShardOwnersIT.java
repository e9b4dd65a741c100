package dev.omnibus.transport.redisson.shard;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.connection.RedissonInternals;
import dev.omnibus.transport.redisson.connection.RedissonInternals.Masters;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.client.RedisClient;
import org.redisson.config.Config;

/** Who owns a slot, with a Redisson that has not read it again for a long time. */
@WithRedis(replicas = 1)
class ShardOwnersIT {

    private static final Publication.Outcome UNUSED = new Publication.Outcome() {
        @Override
        public void published(long receivers, long patternSubscribers) {}

        @Override
        public void failed(TransportException failure) {}
    };

    private final RedisCluster redis;
    private final RedissonClient client;
    private final Masters masters;
    private final ShardOwners owners;

    ShardOwnersIT(RedisCluster redis) {
        this.redis = redis;
        redis.awaitReady();
        Config config = new Config();
        config.setPassword(redis.nodes().get(0).password());
        config.useClusterServers()
                .addNodeAddress(redis.urls().toArray(String[]::new))
                .setScanInterval((int) Duration.ofHours(1).toMillis());
        client = Redisson.create(config);
        masters = RedissonInternals.checked(true).masters(client);
        owners = new ShardOwners(masters);
    }

    @AfterEach
    void close() {
        client.shutdown();
    }

    @BeforeEach
    void allServersKnowShards() throws Exception {
        for (Object master : masters.all()) {
            assertEquals(
                    RedissonInternals.Known.YES, masters.knowsShards(master).get(10, SECONDS));
        }
    }

    private RedisClient owner(String channel) {
        RedisClient owner = owners.of(redis.slot(channel));
        assertNotNull(owner);
        return owner;
    }

    private static long publish(ShardPublisher publisher, String channel, boolean counted) throws Exception {
        CompletableFuture<Long> receivers = new CompletableFuture<>();
        publisher.publish(new Publication(channel, new byte[] {'x'}, counted, UNUSED), (number, failure) -> {
            if (failure == null) {
                receivers.complete(number);
            } else {
                receivers.completeExceptionally(failure);
            }
        });
        return receivers.get(10, SECONDS);
    }

    @Test
    void theOwnerConfirmsItAndAnotherMasterNamesTheOwner() throws Exception {
        RedisClient owner = owner("c");
        assertTrue(owners.confirms(owner, redis.slot("c")).get(10, SECONDS));
        RedisServer other = redis.nodes().stream()
                .filter(node -> node.port() != owner.getAddr().getPort())
                .filter(node -> masters.at("127.0.0.1:" + node.port()) != null)
                .findFirst()
                .orElseThrow();
        redis.moveSlot(redis.slot("c"), other);

        assertEquals(0, publish(new ShardPublisher(masters, owners), "c", true)); // after it was redirected
        assertEquals(other.port(), owner("c").getAddr().getPort());
        assertFalse(owners.confirms(owner, redis.slot("c")).get(10, SECONDS));
        assertTrue(owners.confirms(owner("c"), redis.slot("c")).get(10, SECONDS));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReplicaDoesNotConfirmItAndItsZeroIsNotTaken(boolean counted) throws Exception {
        RedisClient before = owner("d");
        ShardPublisher publisher = new ShardPublisher(masters, owners);
        assertEquals(0, publish(publisher, "d", counted));
        redis.failover(redis.masterOf("d"));

        assertEquals(1, publish(publisher, "d", counted)); // which a replica has taken, as if it were the master
        assertFalse(owners.confirms(before, redis.slot("d")).get(10, SECONDS));
        assertNotEquals(before, owners.of(redis.slot("d")));
    }
}
