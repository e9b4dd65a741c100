package dev.omnibus.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.CallQueues.Enqueued;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Queues and inboxes are on different masters. */
@Tag("slow")
@WithRedis
class ClusterCallQueuesIT extends CallQueuesContract {

    private final RedisCluster redis;

    ClusterCallQueuesIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        Transport connected = Networks.connect(redis);
        assertTrue(connected.shard(channel -> channel.contains(":inbox:")));
        return connected;
    }

    @Override
    void takeOver() {
        takeOver(redis.masterOf(keys.queue()), keys);
    }

    @Override
    void standStill(Duration time) {
        standStill(redis.masterOf(keys.queue()), time);
    }

    @Test
    void whileASlotMovesNothingIsSaidOfACallThatIsPartlyElsewhere() {
        enqueue(call("1"));
        RedisServer before = redis.masterOf(keys.queue());
        RedisServer after = redis.nodes().stream()
                .filter(node -> node != before)
                .findFirst()
                .orElseThrow();
        String slot = Integer.toString(redis.slot(keys.queue()));
        after.command("CLUSTER", "SETSLOT", slot, "IMPORTING", id(before));
        before.command("CLUSTER", "SETSLOT", slot, "MIGRATING", id(after));
        String port = Integer.toString(after.port());
        before.command("MIGRATE", "127.0.0.1", port, keys.call("1"), "0", "5000", "AUTH", after.password());

        assertEquals(Kind.NOT_READY, StreamsFixture.kind(queues.find(keys, List.of("1"), "asker")));
        assertEquals(Kind.NOT_READY, StreamsFixture.kind(queues.enqueue(keys, List.of(call("1"), call("2")))));
        assertEquals(Kind.NOT_READY, StreamsFixture.kind(queues.cancel(keys, "1")));

        redis.moveSlot(redis.slot(keys.queue()), after);
        assertEquals(List.of(Enqueued.KNOWN, Enqueued.ADDED), enqueue(call("1"), call("2")));
        assertTrue(find("1").known());
        renew(a);
        assertEquals(List.of("1", "2"), tokens(take(a, 10)));
    }

    private static String id(RedisServer node) {
        return String.valueOf(node.command("CLUSTER", "MYID"));
    }
}
