package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rights of the page "Security", read from there: each role can do what it is for, and nothing of the others. */
class AccessRolesIT {

    interface Stock {
        int left(String sku);
    }

    private static RedisServer redis;
    private static final List<String> RIGHTS = new ArrayList<>();
    private final List<Bus> open = new ArrayList<>();

    @BeforeAll
    static void startRedis() throws IOException {
        redis = RedisServer.start();
        RIGHTS.addAll(Files.readAllLines(Path.of("../docs/explanation/security.md")).stream()
                .filter(line -> line.startsWith("ACL SETUSER "))
                .toList());
    }

    @BeforeEach
    void grantTheLeast() {
        RIGHTS.stream().filter(line -> line.contains(" reset ")).forEach(AccessRolesIT::grant);
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    /** Redis takes what is in parentheses as one word. */
    private static void grant(String line) {
        List<String> words = new ArrayList<>();
        String selector = "";
        for (String word : List.of(line.split(" ", -1))) {
            if (!selector.isEmpty() || word.startsWith("(")) {
                selector = (selector + " " + word).strip();
                if (!word.endsWith(")")) {
                    continue;
                }
                word = selector;
                selector = "";
            }
            words.add(word);
        }
        redis.command(words.toArray(String[]::new));
    }

    @AfterEach
    void close() {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private Bus bus(String role) {
        Bus bus = Bus.builder("redis://" + role + ":secret@127.0.0.1:" + redis.port())
                .name(role)
                .build();
        open.add(bus);
        return bus;
    }

    private Bus serving() {
        Bus server = bus("server");
        RpcServer.on(server).serve(Stock.class, sku -> 12).ready().join();
        return server;
    }

    @Test
    void eventsGoFromWhoMayPublishToWhoMaySubscribe() {
        Bus publisher = bus("publisher");
        Bus subscriber = bus("subscriber");
        List<String> heard = new CopyOnWriteArrayList<>();
        subscriber
                .subscribe("orders.*", String.class, event -> heard.add(event.data()))
                .ready()
                .join();
        subscriber
                .subscribe("news", String.class, event -> heard.add(event.data()))
                .ready()
                .join();

        assertEquals(1, publisher.publish("orders.placed", "o-17").join());
        await().until(() -> heard.equals(List.of("o-17")));

        assertThrows(
                CompletionException.class, () -> publisher.publish("news", "x").join());
        assertThrows(
                CompletionException.class,
                () -> subscriber.publish("orders.placed", "x").join());
        assertThrows(
                CompletionException.class,
                () -> publisher
                        .subscribe("orders.placed", String.class, event -> {})
                        .ready()
                        .join());
        assertThrows(
                CompletionException.class,
                () -> subscriber
                        .subscribe("orders.**", String.class, event -> heard.add("twice"))
                        .ready()
                        .thenCompose(done -> subscriber
                                .subscribe("other.*", String.class, event -> {})
                                .ready())
                        .join());
    }

    @Test
    void callsAndBroadcastsGoFromWhoMayCallToWhoMayServe() {
        Bus one = serving();
        Bus client = bus("client");
        Stock stock = RpcClient.on(client).proxy(Stock.class);
        assertEquals(12, stock.left("sku-1"));
        Bus two = serving();
        await().atMost(20, SECONDS)
                .until(() -> Directory.on(client).nodes().join().size() == 2);
        for (Bus server : List.of(one, two)) {
            assertEquals(
                    12,
                    RpcClient.on(client)
                            .call(
                                    "stock.left",
                                    Integer.class,
                                    CallOptions.defaults().onNode(server.node()),
                                    "sku-1")
                            .join());
        }
        assertEquals(
                2,
                RpcClient.on(client)
                        .broadcast(Stock.class)
                        .ask(s -> s.left("sku-1"))
                        .orThrow()
                        .size());

        one.close();
        await().atMost(20, SECONDS)
                .until(() -> Directory.on(client).nodes().join().size() == 1
                        && Directory.on(two).nodes().join().size() == 1);
        assertEquals(12, stock.left("sku-1"));
        two.close();
        RpcException none = assertThrows(RpcException.class, () -> stock.left("sku-1"));
        assertEquals(RpcException.Reason.NO_SERVER, none.reason());
    }

    @Test
    void withTheScriptACallFailsAtOnceAlthoughSomebodyWatches() {
        String more = RIGHTS.get(RIGHTS.size() - 1);
        grant(more);
        Bus server = serving();
        Bus client = bus("client");
        Stock stock = RpcClient.on(client).proxy(Stock.class);
        assertEquals(12, stock.left("sku-1"));
        assertEquals(
                1,
                RpcClient.on(client)
                        .broadcast(Stock.class)
                        .ask(s -> s.left("sku-1"))
                        .orThrow()
                        .size());
        server.close();
        assertThrows(RpcException.class, () -> stock.left("sku-1"));
    }

    @Test
    void noRoleMayDoWhatAnotherIsFor() {
        Map<String, List<String>> forbidden = Map.of(
                "publisher",
                        List.of(
                                "PUBLISH bus:evt:news x",
                                "SUBSCRIBE bus:evt:orders.placed",
                                "GET bus:nodes:version:{bus:nodes}"),
                "subscriber",
                        List.of("PUBLISH bus:evt:news x", "PUBLISH bus:evt:orders.placed x", "PSUBSCRIBE bus:evt:*"),
                "client",
                        List.of(
                                "PUBLISH bus:presence x",
                                "PUBLISH bus:rpc:pay.charge x",
                                "PUBLISH bus:rpc:pay.charge@server-k3xq7m2v9bca x",
                                "SUBSCRIBE bus:rpc:stock.left",
                                "SET bus:nodes:version:{bus:nodes} x",
                                "ZREM bus:nodes x",
                                "ZADD bus:nodes 0 x",
                                "PEXPIRE bus:nodes 1"),
                "server",
                        List.of(
                                "SET bus:node:{bus:nodes}:other-k3xq7m2v9bca x",
                                "PEXPIRE bus:node:{bus:nodes}:other-k3xq7m2v9bca 1",
                                "PUBLISH bus:rpc:stock.left x",
                                "PUBLISH bus:evt:news x",
                                "SUBSCRIBE bus:rpc:pay.charge"));
        forbidden.forEach((role, commands) -> commands.forEach(command -> assertForbidden(role, command)));
        for (String role : forbidden.keySet()) {
            for (String command : List.of(
                    "SUBSCRIBE bus:inbox:other-k3xq7m2v9bca",
                    "SUBSCRIBE bus:inbox:" + role + "-b-k3xq7m2v9bca",
                    "PSUBSCRIBE bus:inbox:*",
                    "PSUBSCRIBE bus:inbox:" + role + "-*",
                    "PSUBSCRIBE *",
                    "DEL bus:node:{bus:nodes}:other-k3xq7m2v9bca",
                    "KEYS *",
                    "FLUSHALL",
                    "CONFIG GET *",
                    "CLIENT KILL TYPE pubsub",
                    "ACL LIST",
                    "MONITOR",
                    "GET secret",
                    "SET secret x")) {
                assertForbidden(role, command);
            }
            assertEquals("OK", dryRun(role, "SUBSCRIBE bus:inbox:" + role + "-k3xq7m2v9bca"));
            assertEquals("OK", dryRun(role, "PUBLISH bus:inbox:" + role + "-k3xq7m2v9bca x"));
            if (!role.equals("server")) { // it answers
                assertForbidden(role, "PUBLISH bus:inbox:other-k3xq7m2v9bca x");
            }
        }
    }

    private static void assertForbidden(String role, String command) {
        assertNotEquals("OK", dryRun(role, command), () -> role + " may " + command);
    }

    private static String dryRun(String role, String command) {
        List<String> words = new ArrayList<>(List.of("ACL", "DRYRUN", role));
        words.addAll(List.of(command.split(" ", -1)));
        return String.valueOf(redis.command(words.toArray(String[]::new)));
    }
}
