package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the directory costs while every node is started anew, all of which read it: each of them hears of each of the
 * others, and of nobody twice. {@code -Dfaults=long} prints a table up to 200 nodes, restarted four in a second: nodes;
 * sent by Redis in all; that a second where nothing happens; duration; without what is sent then; per reader; per
 * reader and node.
 */
@WithRedis
class RolloutIT {

    private static final Logger LOG = LoggerFactory.getLogger(RolloutIT.class);
    private static final boolean LONG = "long".equals(System.getProperty("faults"));
    private static final List<Integer> SIZES = LONG ? List.of(10, 20, 40, 80, 160, 200) : List.of(5, 15);
    private static final Duration PACE = Duration.ofMillis(LONG ? 250 : 50);

    /** Words and leases, for coming and for going, and what a look costs: about 1,300 on a quiet machine. */
    private static final long MAX_PER_READER_AND_NODE = 4_000;

    interface Desk {
        int left(String sku);

        void note(String text);

        String slow(int millis);

        List<String> table(List<String> names, boolean deep);

        boolean reserve(String sku, int count);
    }

    private record Empty() implements Desk {
        @Override
        public int left(String sku) {
            return 0;
        }

        @Override
        public void note(String text) {}

        @Override
        public String slow(int millis) {
            return "";
        }

        @Override
        public List<String> table(List<String> names, boolean deep) {
            return names;
        }

        @Override
        public boolean reserve(String sku, int count) {
            return true;
        }
    }

    private final RedisServer redis;

    RolloutIT(RedisServer redis) {
        this.redis = redis;
    }

    private Bus start(String prefix) {
        Bus bus = Bus.builder(redis.url())
                .name("desk")
                .prefix(prefix)
                .connectWithin(Duration.ofMinutes(1)) // hundreds of them start on one machine
                .build();
        RpcServer.on(bus).serve(Desk.class, new Empty()).ready().join();
        return bus;
    }

    private long sent() {
        String stats = String.valueOf(redis.command("INFO", "stats"));
        return stats.lines()
                .filter(line -> line.startsWith("total_net_output_bytes:"))
                .mapToLong(line ->
                        Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
                .sum();
    }

    private static void awaitAgreement(Deque<Bus> nodes) {
        await().atMost(120, SECONDS)
                .pollInterval(Duration.ofMillis(LONG ? 1_000 : 100))
                .until(() -> agree(nodes));
    }

    private static boolean agree(Deque<Bus> nodes) {
        Set<String> there = nodes.stream().map(Bus::node).collect(Collectors.toSet());
        return nodes.stream().allMatch(node -> {
            Set<String> listed = new HashSet<>();
            Insides.serving(Directory.on(node).nodes()).forEach(info -> listed.add(info.node()));
            return listed.equals(there);
        });
    }

    @Test
    void whatEachReaderIsSentGrowsWithTheNodesAndNoFaster() {
        for (int size : SIZES) {
            long perReaderAndNode = rollOut(size);
            assertTrue(
                    perReaderAndNode < MAX_PER_READER_AND_NODE,
                    () -> size + " nodes: " + perReaderAndNode + " bytes per reader and restarted node");
        }
    }

    private long rollOut(int size) {
        String prefix = "rollout-" + size;
        Deque<Bus> nodes = new ArrayDeque<>();
        try {
            IntStream.range(0, size).forEach(i -> nodes.add(start(prefix)));
            awaitAgreement(nodes);
            long idleSince = System.nanoTime();
            long idleFrom = sent();
            LockSupport.parkNanos(SECONDS.toNanos(LONG ? 5 : 1));
            double idle = (sent() - idleFrom) / (double) (System.nanoTime() - idleSince);

            long before = sent();
            long begun = System.nanoTime();
            for (int i = 0; i < size; i++) {
                nodes.removeFirst().close();
                nodes.add(start(prefix));
                long next = begun + (i + 1) * PACE.toNanos();
                LockSupport.parkNanos(Math.max(0, next - System.nanoTime()));
            }
            awaitAgreement(nodes);
            long nanos = System.nanoTime() - begun;
            long all = sent() - before;
            long forIt = all - (long) (idle * nanos);
            LOG.info(
                    "[table] | {} | {} kB | {} kB/s | {} s | {} kB | {} kB | {} |",
                    size,
                    all / 1_000,
                    (long) (idle * 1e6),
                    nanos / 1_000_000_000,
                    forIt / 1_000,
                    forIt / 1_000 / size,
                    forIt / size / size);
            return forIt / size / size;
        } finally {
            CompletableFuture.allOf(nodes.stream()
                            .map(node -> CompletableFuture.runAsync(node::close))
                            .toArray(CompletableFuture[]::new))
                    .join();
        }
    }
}
