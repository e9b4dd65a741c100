package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On one Redis, and what it costs that. */
class RedisDirectoryIT extends DirectoryContract {

    private static final int SPAN = Integer.getInteger("seconds", 2); // over which the cost is taken

    private static RedisServer redis;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }

    @Override
    int keys(String glob) {
        return ((List<?>) Objects.requireNonNull(redis.command("KEYS", glob))).size();
    }

    @Override
    void forget() {
        redis.command("FLUSHALL");
    }

    @Override
    RedisServer server() {
        return redis;
    }

    @Override
    void restart() {
        redis.restart();
    }

    interface Echo {
        String say(String text);
    }

    private static Bus serving(String url) {
        Bus bus = Bus.builder(url).prefix("apart").build();
        RpcServer.on(bus).serve(Echo.class, text -> text).ready().join();
        return bus;
    }

    @Test
    void busesInTwoDatabasesHearEachOthersEventsAndDoNotFindEachOthersServices() {
        try (Bus server = serving(redis.url() + "/5");
                Bus client =
                        Bus.builder(redis.url()).prefix("apart").announce(false).build();
                Bus neighbour = Bus.builder(redis.url() + "/5")
                        .prefix("apart")
                        .announce(false)
                        .build()) {
            CompletableFuture<String> heard = new CompletableFuture<>();
            server.subscribe("n", String.class, event -> heard.complete(event.data()))
                    .ready()
                    .join();
            client.publish("n", "x").join();
            assertEquals("x", heard.join());
            assertEquals("y", RpcClient.on(neighbour).proxy(Echo.class).say("y"));
            RpcException none = CallFixture.failure(RpcClient.on(client).call("echo.say", String.class, "y"));
            assertEquals(RpcException.Reason.NO_SERVER, none.reason());
        }
    }

    @Test
    void nodesWhoseLeasesAreEvictedAreBackOnceThereIsRoom() {
        try (Bus one = serving(redis.url());
                Bus two = serving(redis.url());
                Bus client =
                        Bus.builder(redis.url()).prefix("apart").announce(false).build()) {
            Directory directory = Directory.on(client);
            await().until(() -> Insides.serving(directory.nodes()).size() == 2);
            redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-random");
            redis.command("CONFIG", "SET", "maxmemory", "1mb"); // less than it needs for itself: nothing can stay
            await().atMost(30, SECONDS).until(() -> keys("apart:*") == 0);
            redis.command("CONFIG", "SET", "maxmemory", "0");
            await().atMost(30, SECONDS)
                    .until(() -> keys("apart:*") > 0
                            && Insides.serving(directory.nodes()).size() == 2);
            for (Bus bus : List.of(one, two)) {
                CallOptions there = CallOptions.defaults().onNode(bus.node());
                assertEquals(
                        "x",
                        RpcClient.on(client)
                                .call("echo.say", String.class, there, "x")
                                .join());
            }
        } finally {
            redis.command("CONFIG", "SET", "maxmemory", "0");
            redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
        }
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
            serve(bus);
        }
        await().atMost(30, SECONDS).until(() -> sees(buses.get(0), nodes));

        List<Cost> costs = new ArrayList<>();
        await().atMost(60, SECONDS)
                .until(
                        () -> { // a machine that is too busy loses leases, and then they are looked at
                            Cost cost = cost(nodes);
                            costs.add(cost);
                            return cost.readsPerNode() < 1.5 && cost.scripts() < 4;
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
        double scripts = figure("cmdstat_zrangebyscore:calls"); // how often it looked for leases that have ended
        long started = System.nanoTime();
        await().during(SPAN, SECONDS).atMost(60, SECONDS).until(() -> true);
        double seconds = (System.nanoTime() - started) / 1e9;
        return new Cost(
                100 * (figure("used_cpu_user") + figure("used_cpu_sys") - cpu) / seconds,
                (figure("total_reads_processed") - reads) / seconds / nodes,
                (figure("cmdstat_zrangebyscore:calls") - scripts) / seconds);
    }

    private static double figure(String name) {
        Matcher found = Pattern.compile("\\b" + name + "[:=]([\\d.]+)")
                .matcher(String.valueOf(redis.command("INFO", "everything")));
        return found.find() ? Double.parseDouble(found.group(1)) : 0;
    }
}
