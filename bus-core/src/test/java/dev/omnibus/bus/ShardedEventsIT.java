package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

@WithRedis
class ShardedEventsIT {

    @Test
    void eventsOfShardedTopicsArriveInOrderWhileTheirSlotsMove(RedisCluster redis) throws Exception {
        List<Integer> received = new CopyOnWriteArrayList<>();
        try (Bus publisher =
                        Bus.builder(Networks.connect(redis)).shardedEvents().build();
                Bus subscriber =
                        Bus.builder(Networks.connect(redis)).shardedEvents().build();
                Bus plain = Bus.builder(Networks.connect(redis)).build()) {
            List<Integer> elsewhere = new CopyOnWriteArrayList<>();
            subscriber
                    .subscribe("n", Integer.class, event -> received.add(event.data()))
                    .ready()
                    .get(10, SECONDS);
            plain.subscribe("**", Integer.class, event -> elsewhere.add(event.data()))
                    .ready()
                    .get(10, SECONDS);

            for (int i = 0; i < 3; i++) {
                int from = i * 1_000;
                IntStream.range(from, from + 500).forEach(number -> publisher.publish("n", number));
                redis.moveSlot(redis.slot("bus:evt:n"), redis.nodes().get(i));
                IntStream.range(from + 500, from + 1_000).forEach(number -> publisher.publish("n", number));
            }

            await().atMost(20, SECONDS).until(() -> received.size() >= 3_000);
            assertEquals(IntStream.range(0, 3_000).boxed().toList(), received);
            assertEquals(0, subscriber.stats().gaps() + subscriber.stats().interruptions());
            assertEquals(List.of(), elsewhere);
        }
    }

    @Test
    void aPatternIsRefusedAtOnceAlsoWithoutACluster() {
        try (Bus bus = Bus.builder(new InMemoryNetwork().open()).shardedEvents().build()) {
            IllegalStateException refused = assertThrows(
                    IllegalStateException.class, () -> bus.subscribe("orders.*", String.class, event -> {}));
            assertTrue(String.valueOf(refused.getMessage()).contains("shardedEvents()"), refused::getMessage);
        }
    }
}
