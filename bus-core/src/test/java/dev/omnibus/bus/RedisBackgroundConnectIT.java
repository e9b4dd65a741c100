package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.ConnectionException.Reason;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.redisson.RedissonOptions;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.redisson.config.Config;

class RedisBackgroundConnectIT extends BackgroundConnectContract {

    private static RedisServer redis;

    @BeforeAll
    static void start() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void end() {
        redis.close();
    }

    @BeforeEach
    void goAway() {
        redis.kill();
    }

    @AfterEach
    void back() {
        redis.restart(); // with its own password again
    }

    @Override
    BusBuilder builder() {
        return Bus.builder(redis.url()).prefix("test-" + UUID.randomUUID());
    }

    @Override
    void come() {
        redis.restart();
    }

    @Test
    void aWrongPasswordIsReportedAndTriedAgainUntilItIsRight() {
        redis.restart();
        String wrong = "redis://:another-password@127.0.0.1:" + redis.port();
        BusListener noting = new BusListener() {
            @Override
            public void onConnectFailed(ConnectionException failure) {
                failures.add(failure);
            }
        };
        try (Bus bus = Bus.builder(wrong).connectInBackground().listener(noting).build()) {
            await().atMost(20, SECONDS).until(() -> failures.size() > 1);
            assertEquals(BusState.CONNECTING, bus.state());
            assertEquals(Reason.REFUSED, failures.get(0).reason());
            assertTrue(String.valueOf(failures.get(0).getMessage()).contains("refused the login"));
            assertFalse(failures.toString().contains("another-password"));
            redis.command("CONFIG", "SET", "requirepass", "another-password");
            awaitUp(bus);
        }
    }

    @Test
    void aUserWhoMayNotReceiveItsOwnMessagesYetIsReportedAndTriedAgain() {
        redis.restart();
        redis.command("ACL", "SETUSER", "shop", "on", ">pw", "+@all", "~*", "resetchannels");
        String url = "redis://shop:pw@127.0.0.1:" + redis.port();
        try (Bus bus = background(url).build()) {
            await().atMost(20, SECONDS).until(() -> failures.size() > 1);
            assertEquals(Reason.REFUSED, failures.get(0).reason());
            redis.command("ACL", "SETUSER", "shop", "allchannels");
            awaitUp(bus);
        }
    }

    private BusBuilder background(String url) {
        return Bus.builder(url).connectInBackground().listener(new BusListener() {
            @Override
            public void onConnectFailed(ConnectionException failure) {
                failures.add(failure);
            }
        });
    }

    @Test
    void anAddressThatIsNoneIsThrownAtOnce() {
        BusBuilder builder = Bus.builder("redis://shop:p#ss@localhost").connectInBackground();
        assertThrows(IllegalArgumentException.class, builder::build);
    }

    @Test
    void aHostThatIsUnknownIsTriedAgain() {
        try (Bus bus = background("redis://no-such-host.invalid:6379").build()) {
            await().atMost(20, SECONDS).until(() -> !failures.isEmpty());
            assertEquals(Reason.UNREACHABLE, failures.get(0).reason());
            assertEquals(BusState.CONNECTING, bus.state());
        }
    }

    /** The attempt that is under way would take seconds. */
    @Test
    void itIsClosedAtOnceWhereNobodyAnswers() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Bus bus = background("redis://127.0.0.1:" + silent.getLocalPort()).build();
            silent.accept().setSoTimeout(1); // it has begun
            CompletableFuture.runAsync(bus::close).get(20, SECONDS);
        }
    }

    @Test
    void itSurvivesThatRedisDiesWhileItConnects() throws Exception {
        for (int round = 0; round < 6; round++) {
            redis.restart();
            try (Bus bus = background(redis.url()).build()) {
                CompletableFuture<Void> ready =
                        bus.subscribe("t", String.class, event -> {}).ready();
                TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextInt(60)); // anywhere in between
                redis.kill();
                redis.restart();
                awaitUp(bus);
                ready.get(20, SECONDS);
                await().atMost(20, SECONDS)
                        .until(() -> bus.publish("t", "x")
                                .handle((count, failure) -> failure == null && count == 1)
                                .get(20, SECONDS));
            }
        }
    }

    @Test
    void itIsUpAsSoonAsAClusterIs() throws Exception {
        try (RedisCluster cluster = RedisCluster.start(0)) {
            cluster.nodes().forEach(RedisServer::kill);
            Config config = Networks.config(cluster);
            try (Bus bus = Bus.builder(RedissonTransport.connectLater(config, RedissonOptions.defaults()))
                    .connectInBackground()
                    .build()) {
                CompletableFuture<Void> ready =
                        bus.subscribe("t", String.class, event -> {}).ready();
                cluster.nodes().forEach(RedisServer::restart);
                ready.get(30, SECONDS);
                awaitUp(bus);
                await().atMost(20, SECONDS)
                        .until(() -> bus.publish("t", "x")
                                .handle((count, failure) -> failure == null && count == 1)
                                .get(20, SECONDS));
            }
        }
    }

    @Test
    void itIsUpAsSoonAsTheMasterBehindSentinelsIs() throws Exception {
        try (RedisSentinels sentinels = RedisSentinels.start(1)) {
            sentinels.master().kill();
            Config config = Networks.config(sentinels);
            try (Bus bus = Bus.builder(RedissonTransport.connectLater(config, RedissonOptions.defaults()))
                    .connectInBackground()
                    .build()) {
                assertEquals(BusState.CONNECTING, bus.state());
                sentinels.master().restart(); // or the replica has taken over
                awaitUp(bus);
                assertEquals(0, bus.publish("t", "x").get(20, SECONDS));
            }
        }
    }

    @Test
    void aTransportThatConnectsLaterIsOfNoUseToABusThatIsBuiltNow() {
        RedissonTransport later = RedissonTransport.connectLater(redis.url(), RedissonOptions.defaults());
        ConnectionException e =
                assertThrows(ConnectionException.class, Bus.builder(later).connectWithin(Duration.ofSeconds(9))::build);
        assertTrue(String.valueOf(e.getMessage()).contains("connectInBackground()"), e::getMessage);
    }
}
