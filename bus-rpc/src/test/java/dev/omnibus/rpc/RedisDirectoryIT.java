package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The directory on a Redis that forgets, restarts and counts. */
class RedisDirectoryIT {

    interface Work {
        String work();
    }

    private static final int SPAN = Integer.getInteger("seconds", 2); // over which the cost is taken

    private static RedisServer redis;

    private final String prefix = "directory-" + UUID.randomUUID();
    private final List<Bus> buses = new ArrayList<>();
    private final List<String> left = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @AfterEach
    void close() {
        buses.forEach(Bus::close);
    }

    private Bus node(Transport link) {
        Bus bus = Bus.builder(link)
                .prefix(prefix)
                .drainTimeout(Duration.ofMillis(100))
                .build();
        buses.add(bus);
        RpcServer.on(bus).serve(Work.class, bus::node).ready().join();
        return bus;
    }

    private Bus node() {
        return node(RedissonTransport.connect(redis.url()));
    }

    private void watch(Bus bus) {
        Directory.on(bus).watch(new DirectoryListener() {
            @Override
            public void left(NodeInfo node) {
                left.add(node.node());
            }
        });
    }

    private static boolean sees(Bus bus, int nodes) {
        return Directory.on(bus).nodes().join().size() == nodes;
    }

    private int leases() {
        return ((List<?>) Objects.requireNonNull(redis.command("KEYS", prefix + ":node:*"))).size();
    }

    @Test
    void nobodyIsLostWhenRedisForgetsEverything() {
        Bus one = node();
        Bus two = node();
        watch(one);
        watch(two);
        await().until(() -> sees(one, 2) && sees(two, 2));

        redis.command("FLUSHALL");

        await().atMost(3, SECONDS).until(() -> leases() == 2); // it takes one; the rest is for a machine that is busy
        await().during(5, SECONDS).atMost(20, SECONDS).until(() -> sees(one, 2) && sees(two, 2));
        assertEquals(List.of(), left);
    }

    @Test
    void everybodyIsThereAgainAfterRedisHasRestarted() {
        Bus one = node();
        Bus two = node();
        await().until(() -> sees(one, 2) && sees(two, 2));

        redis.restart();

        await().atMost(20, SECONDS).until(() -> leases() == 2);
        await().atMost(20, SECONDS).until(() -> sees(one, 2) && sees(two, 2));
        assertEquals(
                2,
                RpcClient.on(one).broadcast(Work.class).ask(Work::work).values().size());
    }

    @Test
    void aKilledNodeIsGoneForEverybodyWithinFiveSeconds() {
        Bus one = node();
        Bus two = node();
        Transport link = RedissonTransport.connect(redis.url());
        Bus doomed = node(link);
        watch(one);
        watch(two);
        await().until(() -> sees(one, 3) && sees(two, 3));

        long killed = System.nanoTime();
        link.close();

        await().atMost(20, SECONDS)
                .pollInterval(10, MILLISECONDS)
                .until(() -> left.equals(List.of(doomed.node(), doomed.node())));
        long millis = (System.nanoTime() - killed) / 1_000_000;
        assertTrue(millis < 6_000, () -> "known after " + millis + " ms"); // 5,000, and room for a busy machine
    }

    /**
     * What wakes Redis up is what costs it. {@code -Dnodes=200 -Dseconds=20} for the figures of the documentation; the
     * CPU time is printed only, because it depends on the machine.
     */
    @Test
    void aNodeWakesRedisUpOnceASecondAndTheScriptRunsNoMoreOftenForManyNodesThanForFew() {
        int nodes = Integer.getInteger("nodes", 20);
        double idle = cost(nodes).cpu();
        for (int i = 0; i < nodes; i++) {
            buses.add(Bus.builder(redis.url()).prefix(prefix).build());
        }
        double beating = cost(nodes).cpu() - idle;
        for (Bus bus : buses) {
            RpcServer.on(bus).serve(Work.class, bus::node).ready().join();
        }
        await().atMost(30, SECONDS).until(() -> sees(buses.get(0), nodes));

        List<Cost> costs = new ArrayList<>();
        await().atMost(60, SECONDS)
                .until(
                        () -> { // a machine that is too busy loses leases, and then they are looked at
                            Cost cost = cost(nodes);
                            costs.add(cost);
                            return cost.readsPerNode() < 1.5 && cost.scripts() < 10;
                        });
        System.out.printf(
                "%d nodes cost Redis %.2f %% of a core: heartbeats %.2f %%, the directory %.2f %%%n",
                nodes, costs.get(0).cpu() - idle, beating, costs.get(0).cpu() - idle - beating);
    }

    /** Per second: CPU time in percent, how often Redis reads from one node, how often the script runs. */
    private record Cost(double cpu, double readsPerNode, double scripts) {}

    private static Cost cost(int nodes) {
        double cpu = figure("used_cpu_user") + figure("used_cpu_sys");
        double reads = figure("total_reads_processed");
        double scripts = figure("cmdstat_zrangebyscore:calls") / 2; // how often it looked for leases that have ended
        long started = System.nanoTime();
        await().during(SPAN, SECONDS).atMost(60, SECONDS).until(() -> true);
        double seconds = (System.nanoTime() - started) / 1e9;
        return new Cost(
                100 * (figure("used_cpu_user") + figure("used_cpu_sys") - cpu) / seconds,
                (figure("total_reads_processed") - reads) / seconds / nodes,
                (figure("cmdstat_zrangebyscore:calls") / 2 - scripts) / seconds);
    }

    private static double figure(String name) {
        Matcher found = Pattern.compile("\\b" + name + "[:=]([\\d.]+)")
                .matcher(String.valueOf(redis.command("INFO", "everything")));
        return found.find() ? Double.parseDouble(found.group(1)) : 0;
    }
}
