package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonOptions;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
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
    void behindSentinelsItIsDownWhenTheMasterTakesNothing() throws Exception {
        try (RedisSentinels redis = RedisSentinels.start(1);
                Bus bus = patient(Networks.connect(redis))) {
            redis.master().kill();
            await().atMost(20, SECONDS).until(() -> {
                bus.publish("t", "x").handle((sent, failure) -> null).get(20, SECONDS);
                return bus.state() == BusState.DOWN;
            });
            await().atMost(20, SECONDS).until(() -> bus.state() == BusState.UP); // the replica has taken over
            bus.publish("t", "back").get(20, SECONDS);
        }
    }

    @Test
    void inAClusterItIsDownWhenNoMasterTakesAnything() throws Exception {
        try (RedisCluster redis = RedisCluster.start(0);
                Bus bus = patient(Networks.connect(redis))) {
            RedisServer of = redis.masterOf("bus:evt:t");
            of.kill();
            int failures = 0;
            while (failures < 10) {
                failures += bus.publish("t", "x")
                        .handle((sent, failure) -> failure == null ? 0 : 1)
                        .get(20, SECONDS);
            }
            assertEquals(BusState.UP, bus.state());
            redis.nodes().stream().filter(node -> node != of).forEach(RedisServer::kill);
            await().atMost(20, SECONDS).until(() -> {
                bus.publish("t", "x").handle((sent, failure) -> null).get(20, SECONDS);
                return bus.state() == BusState.DOWN;
            });
        }
    }

    /** One that no missed beat makes down. */
    private static Bus patient(Transport transport) {
        return Bus.builder(transport).heartbeat(Duration.ofMinutes(1)).build();
    }

    @Test
    void aBusThatIsToWaitForRedisAlsoDoesWhereRedisStandsStillWhileItOpens() {
        AtomicInteger attempts = new AtomicInteger();
        try (RedisServer redis = RedisServer.start()) {
            Function<Duration, Transport> opens = within -> {
                redis.resume();
                Transport opened = RedissonTransport.connect(
                        redis.url(), RedissonOptions.defaults().withConnectWithin(within));
                if (attempts.incrementAndGet() == 1) {
                    redis.pause();
                }
                return opened;
            };
            Bus.builder(opens).connectWithin(Duration.ofMinutes(1)).build().close();
        }
        assertEquals(2, attempts.get());
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
