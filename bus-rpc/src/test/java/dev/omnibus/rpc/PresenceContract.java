package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.BusState;
import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How every node is seen, whatever it does, and what it says of itself. */
abstract class PresenceContract {

    interface Stock {
        int left(String sku);
    }

    final String prefix = "test-" + UUID.randomUUID();
    private final List<Bus> buses = new ArrayList<>();
    private final CountDownLatch release = new CountDownLatch(1);

    abstract Transport connect();

    private BusBuilder builder(String name) {
        return Bus.builder(connect()).name(name).prefix(prefix);
    }

    private Bus bus(String name) {
        return open(builder(name));
    }

    private Bus open(BusBuilder builder) {
        Bus bus = builder.build();
        buses.add(bus);
        return bus;
    }

    @AfterEach
    void closeAll() {
        release.countDown();
        buses.forEach(Bus::close);
    }

    private static Set<String> seen(Directory directory) {
        return directory.nodes().join().stream().map(NodeInfo::application).collect(Collectors.toSet());
    }

    private static void awaitSeen(Directory directory, String... applications) {
        Set<String> all = Set.of(applications);
        await().atMost(20, SECONDS).until(() -> seen(directory).equals(all));
    }

    @Test
    void nodesThatServeNothingAreSeenAndGoneAgainAndThoseThatDoNotWantItAreNot() throws Exception {
        Bus publisher = bus("publisher");
        Bus subscriber = bus("subscriber");
        subscriber.subscribe("t", String.class, event -> {}).ready().get(20, SECONDS);
        open(builder("hidden").announce(false));
        Bus looker = bus("looker");
        Directory directory = Directory.on(looker);

        awaitSeen(directory, "publisher", "subscriber", "looker");
        NodeInfo info = directory.nodes().get(20, SECONDS).stream()
                .filter(node -> node.application().equals("publisher"))
                .findAny()
                .orElseThrow();
        assertEquals(publisher.node(), info.node());
        assertFalse(info.isServing());
        assertEquals(ProcessHandle.current().pid(), info.pid());

        publisher.close();
        awaitSeen(directory, "subscriber", "looker");
    }

    @Test
    void aNodeThatServesNothingIsNeverChosenAndNeverAwaited() throws Exception {
        bus("idle");
        Bus client = bus("client");
        RpcClient calls = RpcClient.on(client);
        awaitSeen(Directory.on(client), "idle", "client");
        assertEquals(
                Reason.NO_SERVER,
                CallFixture.failure(calls.call("stock.left", Integer.class, "sku"))
                        .reason());
        assertEquals(
                Reason.NO_SERVER,
                CallFixture.failure(calls.broadcast("stock.left", Integer.class, "sku")
                                .askAsync())
                        .reason());
        assertEquals(Reason.NO_SERVER, CallFixture.failure(Discovery.of(client)).reason());

        Bus server = bus("server");
        RpcServer.on(server).serve(Stock.class, sku -> 12).ready().get(20, SECONDS);
        for (int i = 0; i < 20; i++) {
            assertEquals(12, calls.call("stock.left", Integer.class, "sku").get(20, SECONDS));
        }
        Replies<Integer> replies =
                calls.broadcast("stock.left", Integer.class, "sku").askAsync().get(20, SECONDS);
        assertTrue(replies.isComplete());
        assertEquals(Map.of(server.node(), 12), replies.byNode());
        assertEquals(
                Set.of(server.node()),
                Discovery.of(client).get(20, SECONDS).replies().byNode().keySet());
    }

    @Test
    void everyNodeSaysHowItDoesWhateverItDoes() throws Exception {
        Bus worker = bus("worker");
        worker.subscribe("orders.*", Integer.class, event -> {
                    if (event.data() == 3) {
                        throw new IllegalStateException("three");
                    }
                })
                .ready()
                .get(20, SECONDS);
        for (int i = 1; i <= 4; i++) {
            worker.publish("orders.placed", i).get(20, SECONDS);
        }
        Directory directory = Directory.on(bus("looker"));
        awaitSeen(directory, "worker", "looker");
        await().atMost(20, SECONDS)
                .until(() ->
                        directory.stats(worker.node()).get(20, SECONDS).bus().handled() == 3);

        NodeStats stats = directory.stats(worker.node()).get(20, SECONDS);
        assertEquals(worker.node(), stats.node());
        assertEquals(BusState.UP, stats.state());
        assertTrue(stats.uptime().compareTo(Duration.ofSeconds(1)) > 0, stats::toString);
        assertEquals(4, stats.bus().published());
        assertEquals(Map.of("orders.placed", 4L), stats.published());
        assertEquals(List.of(new NodeStats.Subscription("orders.*", 4, 3, 1, 0, 0)), stats.subscriptions());
        assertEquals(Map.of(), stats.methods());
        assertTrue(directory.ping(worker.node()).get(20, SECONDS).compareTo(Duration.ZERO) > 0);
    }

    @Test
    void aServingNodeSaysHowItsMethodsDo() throws Exception {
        Bus server = bus("server");
        CountDownLatch begun = new CountDownLatch(1);
        RpcServer.on(server)
                .serve(
                        Stock.class,
                        sku -> {
                            switch (sku) {
                                case "fault" -> throw new RpcFault(42, "no");
                                case "block" -> {
                                    begun.countDown();
                                    assertTrue(awaitRelease());
                                }
                                default -> {}
                            }
                            return 12;
                        },
                        ServiceOptions.defaults().withConcurrency(1))
                .ready()
                .get(20, SECONDS);
        Bus client = bus("client");
        RpcClient calls = RpcClient.on(client);
        for (int i = 0; i < 9; i++) {
            calls.call("stock.left", Integer.class, "sku").get(20, SECONDS);
        }
        CallFixture.failure(calls.call("stock.left", Integer.class, "fault"));
        CompletableFuture<Integer> running = calls.call("stock.left", Integer.class, "block");
        assertTrue(begun.await(20, SECONDS));
        CompletableFuture<Integer> waiting = calls.call("stock.left", Integer.class, "sku");

        Directory directory = Directory.on(client);
        await().atMost(20, SECONDS)
                .until(() -> method(directory, server).waiting() == 1
                        && method(directory, server).running() == 1);
        NodeStats.Method left = method(directory, server);
        assertEquals(10, left.calls());
        assertEquals(Map.of(Reason.FAULT, 1L), left.failed());
        assertTrue(left.p50().compareTo(left.p95()) <= 0 && left.p99().compareTo(left.max()) <= 0, left::toString);
        assertTrue(left.max().compareTo(Duration.ZERO) > 0, left::toString);
        release.countDown();
        running.get(20, SECONDS);
        waiting.get(20, SECONDS);
        await().atMost(20, SECONDS).until(() -> method(directory, server).calls() == 12);
    }

    private boolean awaitRelease() {
        try {
            return release.await(60, SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static NodeStats.Method method(Directory directory, Bus server) throws Exception {
        return Objects.requireNonNull(
                directory.stats(server.node()).get(20, SECONDS).methods().get("stock.left"));
    }

    @Test
    void aNodeThatDrainsStillSaysHowItDoes() throws Exception {
        Bus server = bus("server");
        RpcServer.on(server).serve(Stock.class, sku -> 12).ready().get(20, SECONDS);
        Directory directory = Directory.on(bus("client"));
        await().atMost(20, SECONDS).until(() -> seen(directory).contains("server"));
        RpcServer.on(server).drain().get(20, SECONDS);
        await().atMost(20, SECONDS)
                .until(() -> directory.nodes().join().stream().anyMatch(NodeInfo::draining));
        assertEquals(
                BusState.UP, directory.stats(server.node()).get(20, SECONDS).state());
    }

    @Test
    void aNodeThatIsNotThereCannotBeAsked() {
        Directory directory = Directory.on(bus("looker"));
        assertEquals(
                Reason.NO_SERVER,
                CallFixture.failure(directory.stats("nobody-abcdefgh")).reason());
        assertEquals(
                Reason.NO_SERVER,
                CallFixture.failure(directory.ping("nobody-abcdefgh")).reason());
    }

    @Test
    void aNodeOfAnOlderVersionIsListedAndCannotBeAsked() throws Exception {
        ChannelNames names = new ChannelNames(prefix);
        String manifest = "{\"node\":\"older-1\",\"application\":\"older\","
                + "\"services\":{\"stock\":{\"left\":\"\"},\"rpc\":{\"discover\":\"\"}}}";
        try (Transport older = connect()) {
            older.renewLease(
                            names.nodes(),
                            names.node("older-1"),
                            manifest.getBytes(StandardCharsets.UTF_8),
                            Duration.ofMinutes(1))
                    .get(20, SECONDS);
            Directory directory = Directory.on(bus("looker"));
            await().atMost(20, SECONDS).until(() -> seen(directory).contains("older"));
            assertEquals(
                    Reason.NO_SERVER,
                    CallFixture.failure(directory.stats("older-1")).reason());
            older.endLease(names.nodes(), names.node("older-1")).get(20, SECONDS);
        }
    }

    @Test
    void whatIsReportedByNameIsBounded() throws Exception {
        Bus worker = bus("worker");
        List<CompletableFuture<?>> done = new ArrayList<>();
        for (int i = 0; i < 250; i++) {
            done.add(worker.subscribe("many.t" + i, String.class, event -> {}).ready());
        }
        CompletableFuture.allOf(done.toArray(CompletableFuture[]::new)).get(60, SECONDS);
        done.clear();
        for (int i = 0; i < 250; i++) {
            done.add(worker.publish("many.t" + i, "x"));
        }
        CompletableFuture.allOf(done.toArray(CompletableFuture[]::new)).get(60, SECONDS);
        RpcServer server = RpcServer.on(worker);
        done.clear();
        for (int i = 0; i < 210; i++) {
            done.add(server.serve("desk.m" + i, params -> 1).ready());
        }
        CompletableFuture.allOf(done.toArray(CompletableFuture[]::new)).get(60, SECONDS);
        Directory directory = Directory.on(bus("looker"));
        await().atMost(20, SECONDS).until(() -> seen(directory).contains("worker"));

        NodeStats stats = directory.stats(worker.node()).get(20, SECONDS);
        assertEquals(201, stats.published().size());
        assertEquals(50, stats.published().get(NodeStats.OTHER));
        assertEquals(201, stats.subscriptions().size());
        assertEquals(NodeStats.OTHER, stats.subscriptions().get(200).topic());
        assertEquals(201, stats.methods().size());
        Set<String> named = IntStream.range(0, 210)
                .mapToObj(i -> "desk.m" + i)
                .filter(stats.methods()::containsKey)
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(200, named.size());
        assertEquals(
                0, Objects.requireNonNull(stats.methods().get(NodeStats.OTHER)).calls());
    }

    @Test
    void aPingIsAnsweredWithTheNodeAndTheStateOfItsBus() throws Exception {
        Bus server = bus("server");
        RpcServer.on(server).serve(Stock.class, sku -> 12).ready().get(20, SECONDS);
        Bus client = bus("client");
        JsonNode pong = RpcClient.on(client)
                .runtime()
                .<JsonNode>call(
                        RpcClient.on(client).runtime().methods().ofProtocol("rpc.ping", JsonNode.class),
                        CallOptions.defaults().onNode(server.node()),
                        new Object[0])
                .get(20, SECONDS);
        assertEquals(server.node(), pong.path("node").asText());
        assertEquals("UP", pong.path("state").asText());
        assertEquals(2, pong.size());
    }
}
