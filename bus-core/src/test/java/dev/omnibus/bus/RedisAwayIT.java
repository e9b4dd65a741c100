package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** The state of a bus whose Redis has gone. */
class RedisAwayIT {

    @Test
    void theStateIsDownWhenMessagesFindNoConnectionAndUpWhenRedisIsBack() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        try (RedisServer redis = RedisServer.start();
                Bus patient = Bus.builder(redis.url())
                        .heartbeat(Duration.ofMinutes(1))
                        .build();
                Bus bus = Bus.connect(redis.url())) {
            bus.subscribe("t", String.class, event -> heard.add(event.data()))
                    .ready()
                    .get(20, SECONDS);
            redis.kill();
            await().atMost(20, SECONDS).until(() -> {
                patient.publish("t", "x").handle((sent, failure) -> null).get(20, SECONDS);
                return patient.state() == BusState.DOWN;
            });
            await().atMost(20, SECONDS).until(() -> bus.state() == BusState.DOWN);
            redis.restart();
            await().atMost(20, SECONDS).until(() -> bus.state() == BusState.UP);
            await().atMost(20, SECONDS).until(() -> patient.state() == BusState.UP);
            assertEquals(1L, patient.publish("t", "back").get(20, SECONDS));
            await().atMost(20, SECONDS).until(() -> heard.contains("back"));
        }
    }

    @Test
    void aConnectionThatIsLostWhileRedisIsThereMakesNoBusDown() throws Exception {
        List<BusState> states = new CopyOnWriteArrayList<>();
        BusListener noting = new BusListener() {
            @Override
            public void onState(BusState state) {
                states.add(state);
            }
        };
        try (RedisServer redis = RedisServer.start();
                Bus bus = Bus.builder(redis.url()).listener(noting).build()) {
            for (int round = 0; round < 5; round++) {
                redis.command("CLIENT", "KILL", "TYPE", round % 2 == 0 ? "normal" : "pubsub");
                await().atMost(20, SECONDS)
                        .until(() -> bus.publish("t", "x")
                                .handle((sent, failure) -> failure == null)
                                .get(20, SECONDS));
            }
            await().until(() -> states.contains(BusState.UP));
            assertEquals(List.of(BusState.CONNECTING, BusState.UP), states);
        }
    }
}
