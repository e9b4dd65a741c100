package dev.omnibus.rpc.faults;

import dev.omnibus.testing.LeakCheck;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Faults one after the other, by chance, for as long as it is told: {@code -Dtests.excluded=none -Dsoak=30m -Dseed=1}.
 * The same seed gives the same faults in the same order, on one server, behind Sentinels and in a cluster.
 */
@Tag("slow")
@EnabledIfSystemProperty(named = "soak", matches = "\\d+[smh]", disabledReason = "takes as long as -Dsoak=30m says")
class SoakIT {

    private static final Duration BOUND = Duration.ofSeconds(10);

    private static RedisServer redis;

    @RegisterExtension
    static final LeakCheck leaks = LeakCheck.ofThreads("omnibus", "redisson", "load")
            .channelsOf(() -> redis)
            .keysOf(() -> redis);

    private final long seed = Long.getLong("seed", 1L);
    private final SplittableRandom random = new SplittableRandom(seed);
    private final Map<String, Integer> counts = new TreeMap<>();
    private final long begun = System.nanoTime();

    @BeforeAll
    static void start() {
        redis = SoakedServer.start();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    /** The single server is in turn half of the time: most of the faults are its. */
    private Soaked next() {
        return switch (random.nextInt(4)) {
            case 0 -> new SoakedSentinels(random);
            case 1 -> new SoakedCluster(random);
            default -> new SoakedServer(random, redis);
        };
    }

    @Test
    void nothingBreaksForAsLongAsItIsTold() throws Exception {
        Duration lasting = Duration.parse("PT" + System.getProperty("soak").toUpperCase(Locale.ROOT));
        while (System.nanoTime() - begun < lasting.toNanos()) {
            try (Soaked soaked = next();
                    Load load = new Load(soaked::open)) {
                load.alsoExecutes(soaked::executedOutside);
                String where = soaked.getClass().getSimpleName().substring("Soaked".length());
                List<String> names = List.copyOf(soaked.faults.keySet());
                for (int i = 0; i < soaked.faultsPerLoad(); i++) {
                    String name = names.get(random.nextInt(names.size()));
                    counts.merge(where + " " + name, 1, Integer::sum);
                    System.out.println("[soak] " + (System.nanoTime() - begun) / 1_000_000_000 + " s, seed " + seed
                            + ": " + where + ", " + name);
                    load.once(BOUND, () -> soaked.faults.get(name).happen(load));
                }
                load.settle("soak, seed " + seed + ", " + counts);
            }
        }
    }
}
