package dev.omnibus.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RedisClusterTest {
    private static RedisCluster redis;

    @BeforeAll
    static void start() {
        redis = RedisCluster.start(1);
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    @Test
    void threeMastersShareTheSlots() {
        Set<Integer> owners = IntStream.range(0, 100)
                .mapToObj(i -> redis.masterOf("key" + i).port())
                .collect(Collectors.toSet());
        assertEquals(3, owners.size());
        assertEquals(6, redis.urls().size());
        assertEquals(12_182, redis.slot("foo"));
        assertEquals(redis.slot("foo"), redis.slot("any{foo}thing"));
    }

    @Test
    void fewerMastersThanElectOneAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> RedisCluster.start(2, 0));
        assertThrows(IllegalArgumentException.class, () -> RedisCluster.start(3, -1));
    }

    @Test
    void aSlotMovesWithItsKeys() {
        RedisServer from = redis.masterOf("moving");
        RedisServer to = redis.nodes().stream()
                .filter(node -> node != from
                        && String.valueOf(node.command("INFO", "replication")).contains("role:master"))
                .findFirst()
                .orElseThrow();
        from.command("SET", "moving", "kept");

        redis.moveSlot(redis.slot("moving"), to);

        assertEquals(to, redis.masterOf("moving"));
        assertEquals("kept", to.command("GET", "moving"));
        assertThrows(RedisServerException.class, () -> from.command("GET", "moving"));
    }

    @Test
    void aKilledMasterIsReplacedAndComesBackAsAReplica() {
        RedisServer before = redis.masterOf("survives");
        before.command("SET", "survives", "yes");
        Replication.awaitReplicaOf(before, redis.nodes());

        before.kill();
        redis.awaitFailover(before);

        assertNotEquals(before, redis.masterOf("survives"));
        assertEquals("yes", redis.masterOf("survives").command("GET", "survives"));
        before.restart();
        Patience.until(
                "it is a replica",
                Duration.ofSeconds(20),
                () -> String.valueOf(before.command("INFO", "replication")).contains("master_link_status:up"));
    }

    @Test
    void aReplicaTakesOverOnDemand() {
        RedisServer before = redis.masterOf("handed over");
        redis.failover(before);
        assertNotEquals(before, redis.masterOf("handed over"));
    }
}
