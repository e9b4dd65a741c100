package dev.omnibus.bus;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.redisson.config.Config;

/** By what name {@code CLIENT LIST} shows the connections of a bus. */
class ConnectionNamesIT {

    private static long named(RedisServer redis, String name) {
        String clients = String.valueOf(redis.command("CLIENT", "LIST"));
        return clients.lines()
                .filter(line -> line.contains(" name=" + name + " "))
                .count();
    }

    @Test
    void itIsTheNodeIdAlsoAfterAReconnect() {
        try (RedisServer redis = RedisServer.start();
                Bus bus = Bus.builder(redis.url()).name("shop").build()) {
            await().untilAsserted(() -> assertEquals(2, named(redis, bus.node())));
            redis.command("CLIENT", "KILL", "TYPE", "pubsub");
            redis.command("CLIENT", "KILL", "TYPE", "normal");
            await().until(() -> named(redis, bus.node()) == 2);
            BusRuntime.of(bus).channels().transport().reconnect().join();
            await().until(() -> named(redis, bus.node()) == 2);
        }
    }

    @Test
    void itIsTheOneOfTheConfigIfThatHasOne() {
        try (RedisServer redis = RedisServer.start()) {
            Config config = new Config();
            config.useSingleServer().setAddress(redis.url()).setClientName("mine");
            try (Bus bus = Bus.builder(RedissonTransport.connect(config)).build()) {
                assertEquals(2, named(redis, "mine"));
                assertEquals(0, named(redis, bus.node()));
            }
        }
    }

    @Test
    void whoMayNotNameConnectionsConnectsAllTheSame() {
        try (RedisServer redis = RedisServer.startWithUsers("limited on >pw ~* &* +@all -client")) {
            String address = "redis://limited:pw@127.0.0.1:" + redis.port();
            try (Bus bus = Bus.connect(address)) {
                bus.subscribe("t", String.class, event -> {}).ready().join();
                assertEquals(List.of(1L), List.of(bus.publish("t", "x").join()));
                assertEquals(0, named(redis, bus.node()));
            }
        }
    }
}
