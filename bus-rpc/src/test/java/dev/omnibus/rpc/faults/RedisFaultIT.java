package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.LeakCheck;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What goes wrong with one Redis, and with the way to it, while three nodes work. The caller's way is by a proxy. */
@Tag("slow")
class RedisFaultIT {

    private static RedisServer redis;
    private static FaultProxy proxy;

    @RegisterExtension
    static final LeakCheck leaks = LeakCheck.ofThreads("omnibus", "redisson", "load")
            .channelsOf(() -> redis)
            .keysOf(() -> redis);

    @BeforeAll
    static void start() {
        redis = RedisServer.start();
        proxy = FaultProxy.to(redis);
    }

    @AfterAll
    static void stop() {
        proxy.close();
        redis.close();
    }

    @BeforeEach
    void heal() {
        proxy.pass();
    }

    private static Load load() throws Exception {
        return new Load((name, listener) -> Bus.builder(name.equals("caller") ? proxy.url() : redis.url())
                .name(name)
                .listener(listener)
                .build());
    }

    private static void last(Duration duration) {
        LockSupport.parkNanos(duration.toNanos());
    }

    @Test
    void redisIsKilledAndStartedAgain() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(2), () -> {
                        redis.kill();
                        last(Bounds.longOr(Duration.ofSeconds(3), Duration.ofMillis(500)));
                        redis.restart();
                    })
                    .settle("Redis killed and started again");
        }
    }

    @Test
    void redisIsFrozenForAWhile() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(2), () -> {
                        redis.pause();
                        last(Bounds.longOr(Duration.ofSeconds(5), Duration.ofMillis(2_500)));
                        redis.resume();
                    })
                    .settle("Redis frozen");
        }
    }

    @Test
    void itsConnectionsAreKilled() throws Exception {
        try (Load load = load()) {
            for (int i = 0; i < (Bounds.LONG ? 5 : 1); i++) { // it takes no time
                for (String type : List.of("pubsub", "normal")) {
                    load.through(Duration.ofMillis(500), () -> redis.command("CLIENT", "KILL", "TYPE", type));
                }
                load.through(Duration.ofMillis(500), () -> {
                    redis.command("CLIENT", "KILL", "TYPE", "normal"); // but for the one that says so
                    redis.command("CLIENT", "KILL", "TYPE", "pubsub");
                });
            }
            load.settle("`CLIENT KILL` of subscriptions, of the others, of both");
        }
    }

    /** What is subscribed to meanwhile is lost on its way, and Redis hears of the end of that connection as a reset. */
    @Test
    void theLinkOfOneNodeIsHalfOpen() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(5), () -> {
                        proxy.blackhole(Direction.BOTH);
                        load.caller()
                                .subscribe("meanwhile", String.class, event -> {})
                                .close();
                        last(Bounds.longOr(Duration.ofSeconds(5), Duration.ofMillis(3_500)));
                        proxy.pass();
                    })
                    .settle("half-open link");
        }
    }

    @Test
    void theLinkOfOneNodeIsHalfOpenToTheClient() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(5), () -> {
                        proxy.blackhole(Direction.TO_CLIENT);
                        last(Duration.ofMillis(2_500));
                        proxy.pass();
                    })
                    .settle("half-open link, to the client only");
        }
    }

    @Test
    void theLinkOfOneNodeIsReset() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(1), proxy::reset).settle("link reset");
        }
    }

    @Test
    void theNetworkOfOneNodeIsSlow() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(2), () -> {
                        proxy.delay(Duration.ofMillis(150));
                        last(Bounds.longOr(Duration.ofSeconds(5), Duration.ofSeconds(1)));
                        proxy.throttle(40_000);
                        last(Bounds.longOr(Duration.ofSeconds(5), Duration.ofSeconds(1)));
                        proxy.pass();
                    })
                    .settle("slow network");
        }
    }

    @Test
    void allKeysAreFlushed() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(2), () -> redis.command("FLUSHALL")).settle("FLUSHALL");
        }
    }

    @Test
    void theMemoryOfRedisIsFull() throws Exception {
        try (Load load = load()) {
            load.through(Duration.ofSeconds(2), () -> {
                        redis.command("CONFIG", "SET", "maxmemory", "1");
                        last(Bounds.longOr(Duration.ofSeconds(8), Duration.ofSeconds(2)));
                        redis.command("CONFIG", "SET", "maxmemory", "0");
                    })
                    .settle("maxmemory reached");
        }
    }
}
