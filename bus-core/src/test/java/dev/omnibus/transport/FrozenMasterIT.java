package dev.omnibus.transport;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** One master of a cluster stops without closing anything, and what is published on the others goes on. */
class FrozenMasterIT {

    @Test
    void whatIsPublishedOnTheOtherMastersGoesOnAlsoWhereNobodyListens() throws Exception {
        try (RedisCluster redis = RedisCluster.start(0);
                Bus bus = Bus.builder(Networks.connect(redis)).build()) {
            RedisServer own = redis.masterOf("bus:inbox:" + bus.node());
            RedisServer frozen = redis.nodes().stream()
                    .filter(node -> node.port() != own.port())
                    .findFirst()
                    .orElseThrow();
            List<String> stuck = new ArrayList<>();
            List<String> others = new ArrayList<>();
            for (int i = 0; stuck.size() < 20 || others.size() < 20; i++) {
                String topic = "n" + i;
                boolean isStuck = redis.masterOf("bus:evt:" + topic).port() == frozen.port();
                (isStuck ? stuck : others).add(topic);
            }
            bus.subscribe(others.get(0), Integer.class, event -> {}).ready().get(10, SECONDS);
            publishAll(bus, others); // by now all is warm
            frozen.pause();
            try {
                List<CompletableFuture<Long>> waiting =
                        stuck.stream().map(topic -> bus.publish(topic, 1)).toList();
                publishAll(bus, others);
                for (int i = 0; i < 10; i++) {
                    assertEquals(1, bus.publish(others.get(0), i).get(5, SECONDS));
                }
                assertTrue(waiting.stream().anyMatch(future -> !future.isDone()), "none of them waited");
                assertEquals(BusState.UP, bus.state());
            } finally {
                frozen.resume();
            }
        }
    }

    /** Sixteen at a time, each topic in turn. */
    private static void publishAll(Bus bus, List<String> topics) throws Exception {
        for (int round = 0; round < 5; round++) {
            List<CompletableFuture<Long>> all = IntStream.range(0, 16)
                    .mapToObj(i -> bus.publish(topics.get(i), i))
                    .toList();
            for (CompletableFuture<Long> published : all) {
                published.get(5, SECONDS);
            }
        }
    }
}
