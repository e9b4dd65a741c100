package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.testing.RedisServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The rights of the page "Security", read from there: each role can do what it is for, and nothing of the others, on
 * one server.
 */
class AccessRolesIT extends AccessRolesContract {

    private static RedisServer redis;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @BeforeEach
    void grantTheLeast() throws IOException {
        PageRights.least().forEach(line -> PageRights.grant(redis, line));
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Override
    Bus connect(String role) {
        return Bus.builder("redis://" + role + ":secret@127.0.0.1:" + redis.port())
                .name(role)
                .build();
    }

    @Test
    void withTheScriptACallFailsAtOnceAlthoughSomebodyWatches() throws IOException {
        PageRights.grant(redis, PageRights.more("+pubsub|numsub"));
        Bus server = serving();
        Bus client = bus("client");
        Stock stock = RpcClient.on(client).proxy(Stock.class);
        assertEquals(12, stock.left("sku-1"));
        assertEquals(
                1,
                RpcClient.on(client)
                        .broadcast(Stock.class, s -> s.left("sku-1"))
                        .ask()
                        .orThrow()
                        .size());
        server.close();
        assertThrows(RpcException.class, () -> stock.left("sku-1"));
    }

    @Test
    void whoMayNotReadTheDirectoryIsRefusedACall() {
        Bus publisher = bus("publisher");
        RpcException refused = assertThrows(
                RpcException.class,
                () -> RpcClient.on(publisher).proxy(Stock.class).left("sku-1"));
        assertEquals(RpcException.Reason.REFUSED, refused.reason());
        assertTrue(refused.notExecuted());
        assertTrue(String.valueOf(refused.getMessage()).contains("NOPERM"), refused::getMessage);
    }

    @Test
    void withTheKeysOfItsQueueACallIsQueued() throws Exception {
        PageRights.grant(redis, PageRights.more("SETUSER client (+eval"));
        PageRights.grant(redis, PageRights.more("SETUSER server (+eval"));
        redis.command("ACL", "LOG", "RESET");
        Bus client = bus("client");
        CallQueue<Stock> queue = RpcClient.on(client).queue(Stock.class);
        Queued<Integer> unwanted = queue.enqueue(stock -> stock.left("sku-1"));
        assertTrue(unwanted.cancel().get(20, SECONDS));
        assertThrows(ExecutionException.class, () -> unwanted.result().get(20, SECONDS));
        Queued<Integer> call = queue.enqueue(stock -> stock.left("sku-1"));
        call.enqueued().get(20, SECONDS);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch asked = new CountDownLatch(1);
        Stock slow = sku -> {
            begun.countDown();
            try {
                return asked.await(20, SECONDS) ? 12 : -1;
            } catch (InterruptedException e) {
                return -2;
            }
        };
        RpcServer.on(bus("server"))
                .serve(Stock.class, slow, ServiceOptions.defaults().withQueued());
        assertTrue(begun.await(20, SECONDS));
        RpcClient.on(bus("client")).queued(call.id(), Integer.class).enqueued().get(20, SECONDS); // while it runs
        asked.countDown();
        assertEquals(12, call.result().get(20, SECONDS));
        QueueOptions soon = QueueOptions.defaults().withDelay(Duration.ofMillis(50));
        assertEquals(
                12,
                RpcClient.on(client)
                        .queue(Stock.class, soon)
                        .enqueue(stock -> stock.left("sku-1"))
                        .result()
                        .get(20, SECONDS));
        QueueOptions much =
                QueueOptions.defaults().withDelay(Duration.ofHours(1)).withLimit(1);
        CallQueue<Stock> full = RpcClient.on(client).queue(Stock.class, much);
        full.enqueue(stock -> stock.left("sku-1")).enqueued().get(20, SECONDS);
        Queued<Integer> tooMuch = full.enqueue(stock -> stock.left("sku-1"));
        assertThrows(ExecutionException.class, () -> tooMuch.result().get(20, SECONDS));
        Queued<Integer> foreign = RpcClient.on(client).enqueue("pay.charge", Integer.class, QueueOptions.defaults());
        RpcException refused = assertInstanceOf(
                RpcException.class,
                assertThrows(ExecutionException.class, () -> foreign.result().get(20, SECONDS))
                        .getCause());
        assertEquals(RpcException.Reason.REFUSED, refused.reason());
        List<String> withinScripts = ((List<?>) Objects.requireNonNull(redis.command("ACL", "LOG")))
                .stream()
                        .map(String::valueOf)
                        .filter(one -> one.contains("lua"))
                        .filter(one -> !one.contains("object, info")) // asked for, and done without
                        .toList();
        assertEquals(List.of(), withinScripts);
    }

    @Test
    void withoutTheRightToBeSeenANodeWorksAndWithItItIsSeenAndSaysHowItDoes() throws Exception {
        PageRights.grant(redis, PageRights.more("SETUSER publisher +eval"));
        PageRights.grant(redis, PageRights.more("bus:rpc:rpc.stats@*)"));
        Bus publisher = bus("publisher");
        Bus subscriber = bus("subscriber");
        Directory directory = Directory.on(bus("client"));

        await().atMost(20, SECONDS)
                .until(() -> directory.nodes().get(20, SECONDS).stream()
                        .map(NodeInfo::application)
                        .toList()
                        .equals(List.of("publisher")));
        assertEquals(
                publisher.node(),
                directory.stats(publisher.node()).get(20, SECONDS).node());
        assertTrue(directory.ping(publisher.node()).get(20, SECONDS).toNanos() > 0);

        await().atMost(20, SECONDS) // it has been refused
                .until(() -> String.valueOf(redis.command("ACL", "LOG")).contains("subscriber"));
        CompletableFuture<String> heard = new CompletableFuture<>();
        subscriber
                .subscribe("orders.*", String.class, event -> heard.complete(event.data()))
                .ready()
                .get(20, SECONDS);
        publisher.publish("orders.placed", "o-17").get(20, SECONDS);
        assertEquals("o-17", heard.get(20, SECONDS));
        assertEquals(BusState.UP, subscriber.state());
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
