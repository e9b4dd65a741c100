package dev.omnibus.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RedisSentinelsTest {
    private static RedisSentinels redis;

    @BeforeAll
    static void start() {
        redis = RedisSentinels.start(1);
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    @Test
    void aKilledMasterIsReplacedByTheReplicaWithItsData() {
        RedisServer before = redis.master();
        before.command("SET", "kept", "yes");
        Replication.awaitReplicaOf(before, redis.replicas());

        before.kill();
        RedisServer after = redis.awaitFailover(before);

        assertNotEquals(before.port(), after.port());
        assertEquals("yes", after.command("GET", "kept"));
        assertEquals(List.of(before), redis.replicas());
        before.restart();
        redis.awaitReady();
        assertEquals("yes", before.command("GET", "kept")); // on a busy machine the master may have changed once more
    }

    @Test
    void theSentinelsFailOverOnDemand() {
        redis.awaitReady();
        RedisServer before = redis.master();
        assertNotEquals(before, redis.failover());
    }

    @Test
    void thereAreThreeSentinelsOnLoopback() {
        assertEquals(3, redis.urls().size());
        String password = redis.master().password();
        assertTrue(redis.urls().stream().allMatch(url -> url.startsWith("redis://:" + password + "@127.0.0.1:")));
        assertFalse(redis.toString().contains(password));
        assertEquals(
                redis.urls(), redis.sentinels().stream().map(RedisServer::url).toList());
    }

    @Test
    void withoutAReplicaNothingCouldTakeOver() {
        assertThrows(IllegalArgumentException.class, () -> RedisSentinels.start(0));
    }
}
