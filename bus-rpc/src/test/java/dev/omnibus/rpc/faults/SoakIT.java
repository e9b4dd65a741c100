package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.LeakCheck;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Faults one after the other, by chance, for as long as it is told: {@code -Dsoak=30m -Dseed=1}. The same seed gives
 * the same faults in the same order.
 */
@EnabledIfSystemProperty(named = "soak", matches = "\\d+[smh]", disabledReason = "takes as long as -Dsoak=30m says")
class SoakIT {

    private static final int FAULTS_PER_LOAD = 8; // after that many all invariants are looked at, with new nodes

    private static RedisServer redis;
    private static FaultProxy proxy;

    @RegisterExtension
    static final LeakCheck leaks = LeakCheck.ofThreads("omnibus", "redisson", "load")
            .channelsOf(() -> redis)
            .keysOf(() -> redis);

    private final long seed = Long.getLong("seed", 1L);
    private final SplittableRandom random = new SplittableRandom(seed);
    private final Map<String, Load.Fault> faults = new LinkedHashMap<>();
    private final Map<String, Integer> counts = new LinkedHashMap<>();

    SoakIT() {
        HostileFrames frames = new HostileFrames(seed);
        faults.put("kill", () -> {
            redis.kill();
            lasts(0, 3_000);
            redis.restart();
        });
        faults.put("freeze", () -> {
            redis.pause();
            lasts(100, 6_000);
            redis.resume();
        });
        faults.put("kill pubsub", () -> redis.command("CLIENT", "KILL", "TYPE", "pubsub"));
        faults.put("kill normal", () -> redis.command("CLIENT", "KILL", "TYPE", "normal"));
        faults.put("reset", () -> proxy.reset());
        for (Direction direction : Direction.values()) {
            faults.put("black hole " + direction, () -> {
                proxy.blackhole(direction);
                lasts(100, 5_000);
                proxy.pass();
            });
            faults.put("stall " + direction, () -> {
                proxy.stall(direction);
                lasts(100, 4_000);
                proxy.pass();
            });
        }
        faults.put("slow", () -> {
            proxy.delay(Duration.ofMillis(random.nextInt(300)));
            lasts(100, 3_000);
            proxy.pass();
        });
        faults.put("narrow", () -> {
            proxy.throttle(20_000 + random.nextInt(500_000));
            lasts(100, 3_000);
            proxy.pass();
        });
        faults.put("flush", () -> redis.command("FLUSHALL"));
        faults.put("full", () -> {
            redis.command("CONFIG", "SET", "maxmemory", "1");
            lasts(100, 8_000);
            redis.command("CONFIG", "SET", "maxmemory", "0");
        });
        faults.put("huge", () -> redis.command("PUBLISH", "bus:evt:load.n", "x".repeat(31_000_000)));
        faults.put("damaged", () -> {
            try (Foreign foreign = new Foreign(redis.url())) {
                List<String> channels = List.of("bus:evt:load.n", "bus:rpc:work.again", "bus:presence");
                for (int i = 0; i < 20_000; i++) {
                    foreign.publish(channels.get(i % channels.size()), frames.next());
                }
            }
        });
    }

    private void lasts(int atLeast, int atMost) {
        LockSupport.parkNanos((atLeast + random.nextInt(atMost - atLeast)) * 1_000_000L);
    }

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

    @Test
    void nothingBreaksForAsLongAsItIsTold() throws Exception {
        Duration lasting = Duration.parse("PT" + System.getProperty("soak").toUpperCase(java.util.Locale.ROOT));
        long begun = System.nanoTime();
        List<String> names = List.copyOf(faults.keySet());
        while (System.nanoTime() - begun < lasting.toNanos()) {
            try (Load load = new Load((name, listener) -> Bus.builder(name.equals("caller") ? proxy.url() : redis.url())
                    .name(name)
                    .listener(listener)
                    .build())) {
                for (int i = 0; i < FAULTS_PER_LOAD; i++) {
                    String name = names.get(random.nextInt(names.size()));
                    counts.merge(name, 1, Integer::sum);
                    System.out.println(
                            "[soak] " + (System.nanoTime() - begun) / 1_000_000_000 + " s, seed " + seed + ": " + name);
                    load.once(Duration.ofSeconds(10), faults.get(name));
                }
                load.settle("soak, seed " + seed + ", " + counts);
            }
        }
    }
}
