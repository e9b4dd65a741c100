package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.presence.Presence;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The directory on a Redis, or many of them, that forget and restart. */
abstract class DirectoryContract {

    interface Work {
        String work();
    }

    final String prefix = "directory-" + UUID.randomUUID();
    final List<Bus> buses = new ArrayList<>();
    private final List<String> left = new CopyOnWriteArrayList<>();

    abstract Transport connect();

    /** All keys that match, wherever they are. */
    abstract int keys(String glob);

    /** As FLUSHALL does. */
    abstract void forget();

    abstract void restart();

    /** Where the keys of the directory are. */
    abstract RedisServer server();

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
        serve(bus);
        return bus;
    }

    static void serve(Bus bus) {
        RpcServer.on(bus).serve(Work.class, bus::node).ready().join();
    }

    private Bus node() {
        return node(connect());
    }

    private void watch(Bus bus) {
        Directory.on(bus).watch(new Directory.Listener() {
            @Override
            public void left(NodeInfo node) {
                left.add(node.node());
            }
        });
    }

    static boolean sees(Bus bus, int nodes) {
        return Insides.serving(Directory.on(bus).nodes()).size() == nodes;
    }

    private int leases() {
        return keys(prefix + ":node:*");
    }

    @Test
    void nobodyIsLostWhenRedisForgetsEverything() {
        Bus one = node();
        Bus two = node();
        watch(one);
        watch(two);
        await().until(() -> sees(one, 2) && sees(two, 2));

        forget();

        await().atMost(20, SECONDS).until(() -> leases() == 2); // it takes one second on a machine that is free
        await().during(5, SECONDS).atMost(30, SECONDS).until(() -> sees(one, 2) && sees(two, 2));
        assertEquals(List.of(), left);
    }

    @Test
    void everybodyIsThereAgainAfterRedisHasRestarted() {
        Bus one = node();
        Bus two = node();
        await().until(() -> sees(one, 2) && sees(two, 2));

        restart();

        await().atMost(20, SECONDS).until(() -> leases() == 2);
        await().atMost(20, SECONDS).until(() -> sees(one, 2) && sees(two, 2));
        assertEquals(
                2,
                RpcClient.on(one)
                        .broadcast(Work.class, Work::work)
                        .ask()
                        .values()
                        .size());
    }

    @Test
    void aKilledNodeIsGoneForEverybodyWithinFiveSeconds() {
        Bus one = node();
        Bus two = node();
        Transport link = connect();
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
        assertTrue(millis < 10_000, () -> "known after " + millis + " ms"); // 5,000, and room for a busy machine
    }

    private Bus caller() {
        Bus bus = Bus.builder(connect()).prefix(prefix).announce(false).build();
        buses.add(bus);
        return bus;
    }

    private static boolean calls(Bus caller, Bus node) {
        try {
            CallOptions there = CallOptions.defaults().onNode(node.node());
            return RpcClient.on(caller)
                    .call("work.work", String.class, there)
                    .join()
                    .equals(node.node());
        } catch (CompletionException e) {
            return false;
        }
    }

    @Test
    void forgedWordsTakeNoNodeOut() {
        Bus one = node();
        Bus old = caller();
        await().until(() -> calls(old, one));
        for (String what : List.of(Presence.JOINED, Presence.DRAINING, Presence.LEFT)) {
            for (String revision : List.of("9223372036854775807", "-1", "2")) {
                server().command(
                                "PUBLISH",
                                prefix + ":presence",
                                "{\"jsonrpc\":\"2.0\",\"method\":\"" + what + "\",\"params\":{\"node\":\"" + one.node()
                                        + "\",\"draining\":true,\"services\":{},\"revision\":" + revision + "}}");
                assertTrue(calls(old, one), what);
            }
        }
        assertTrue(calls(caller(), one));
        Bus heard = node(); // its word comes after the forged ones
        await().until(() -> calls(old, heard));
        assertTrue(calls(old, one));
    }

    /** At once, as the nodes go on writing. */
    private void spoil(String key) {
        server().command("EVAL", "redis.call('DEL', KEYS[1]) return redis.call('RPUSH', KEYS[1], 'x')", "1", key);
    }

    @Test
    void spoiltKeysAreRepairedAndHideNobodyForLong() {
        Bus one = node();
        Bus old = caller();
        await().until(() -> calls(old, one));
        String index = prefix + ":nodes";
        for (String name :
                List.of("", ":changes:{" + index + "}", ":version:{" + index + "}", ":checked:{" + index + "}")) {
            spoil(index + name);
        }
        spoil(prefix + ":node:{" + index + "}:" + one.node());

        Bus two = node();
        Bus late = caller();
        await().atMost(20, SECONDS)
                .until(() -> calls(late, one) && calls(late, two) && calls(old, one) && calls(old, two));
        for (Bus bus : List.of(one, two, old, late)) {
            await().atMost(20, SECONDS).until(() -> sees(bus, 2));
        }
    }
}
