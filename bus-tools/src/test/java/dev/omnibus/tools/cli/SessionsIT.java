package dev.omnibus.tools.cli;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Retention;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.tools.cli.base.Connection;
import dev.omnibus.tools.cli.base.Terminal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every command on a real Redis, with real nodes, as golden sessions. {@code -Dtests.excluded=none
 * -Dsessions.accept=true} writes what is there now.
 */
@Tag("slow")
class SessionsIT {

    /** What the nodes of the sessions serve. */
    @ServiceName("stock")
    interface Stock {

        int left(String sku);

        Level add(String sku, int pieces);

        void sell(String sku);
    }

    record Level(String sku, int pieces) {}

    record Shipped(String id, int pieces) {}

    private static final class Warehouse implements Stock {

        @Override
        public int left(String sku) {
            return 3;
        }

        @Override
        public Level add(String sku, int pieces) {
            return new Level(sku, 3 + pieces);
        }

        @Override
        public void sell(String sku) {
            throw new RpcFault(17, "sold out");
        }
    }

    private static final Path DOCS = Path.of("../docs");
    private static final ScheduledExecutorService TICKS = Executors.newScheduledThreadPool(1);

    @TempDir
    static Path home;

    private static RedisServer redis;
    private static final List<Bus> open = new ArrayList<>();

    @BeforeAll
    static void startNodes() throws Exception {
        redis = RedisServer.start();
        for (int node = 0; node < 2; node++) {
            RpcServer.on(bus("shop"))
                    .serve(Stock.class, new Warehouse())
                    .ready()
                    .get(20, SECONDS);
        }
        Bus mute = bus("mute");
        RpcServer.on(mute)
                .serve("mute.wait", params -> new CompletableFuture<Void>())
                .ready()
                .get(20, SECONDS);
        Bus desk = bus("desk");
        keepOrders(desk, "orders.kept");
        keepOrders(desk, "orders.tried");
        await().until(() -> Directory.on(desk).nodes().get(20, SECONDS).size() == 4);
        RpcClient client = RpcClient.on(desk);
        TICKS.scheduleAtFixedRate(
                () -> {
                    desk.publish("orders.shipped", new Shipped("o-1", 3));
                    client.call("stock.left", Integer.class, "sku-1");
                    client.call("demo.echo", JsonNode.class, "hello");
                },
                0,
                100,
                MILLISECONDS);
    }

    /** Two events on a durable topic, of which a group has given one up. */
    private static void keepOrders(Bus desk, String topic) throws Exception {
        DurableTopic<JsonNode> orders = DurableTopics.on(desk)
                .topic(Topic.of(topic, JsonNode.class), Retention.forDays(1).withIdWindow(Duration.ofHours(1)));
        CountDownLatch handled = new CountDownLatch(2);
        Subscription billing = orders.subscribe("billing", (event, delivery) -> {
            if (event.data().path("id").asText().equals("o-2")) {
                delivery.reject("not ours");
            }
            handled.countDown();
        });
        orders.publish(new ObjectMapper().readTree("{\"id\":\"o-1\"}"));
        orders.publish(new ObjectMapper().readTree("{\"id\":\"o-2\"}"));
        assertTrue(handled.await(20, SECONDS));
        await().until(() -> orders.status().get(20, SECONDS).groups().get(0).deadLetters() == 1);
        billing.close();
        await().until(() ->
                orders.status().get(20, SECONDS).groups().get(0).nodes().isEmpty());
    }

    private static Bus bus(String name) {
        Bus bus = Bus.builder(redis.url()).name(name).build();
        open.add(bus);
        return bus;
    }

    @AfterAll
    static void stop() {
        TICKS.shutdownNow();
        open.forEach(Bus::close);
        redis.close();
    }

    @TestFactory
    Stream<DynamicTest> everyCommandDoesWhatItsSessionSays() throws IOException {
        return Sessions.files().stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> check(file)));
    }

    @TestFactory
    Stream<DynamicTest> everyPageShowsWhatHappens() throws IOException {
        List<Path> pages;
        try (Stream<Path> all = Files.walk(DOCS)) {
            pages = all.filter(file -> file.toString().endsWith(".md")).toList();
        }
        List<DynamicTest> tests = new ArrayList<>();
        for (Path page : pages) {
            String text = Files.readString(page);
            String elsewhere = text.replaceAll("(?s)```console\n.*?```", "");
            assertFalse(elsewhere.contains("$ omnibus"), page + " shows what comes of a line outside of ```console");
            if (text.contains("```console")) {
                tests.add(DynamicTest.dynamicTest(
                        page.toString(), () -> Sessions.comparePage(text, shell(home.resolve("pages")))));
            }
        }
        assertTrue(tests.size() >= 3);
        return tests.stream();
    }

    private static Shell shell(Path home) {
        return new Shell(
                Map.of("OMNIBUS_REDIS", redis.url(), "HOME", home.toString(), "XDG_CONFIG_HOME", home.toString()),
                Connection::open);
    }

    private static void check(Path file) throws IOException {
        String expected = Files.readString(file);
        String played = Sessions.play(expected, shell(home)).replace(home.toString(), "HOME");
        if (Boolean.getBoolean("sessions.accept")) {
            Files.writeString(file, played);
        }
        assertEquals(expected, played);
    }

    @TestFactory
    Stream<DynamicTest> everyCommandHasASession() throws IOException {
        List<String> files = Sessions.files().stream()
                .map(file -> file.getFileName().toString().replace(".txt", ""))
                .toList();
        return Omnibus.commandLine(Terminal.ofProcess(), Connection::open).getSubcommands().values().stream()
                .map(command -> command.getCommandName())
                .distinct()
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    assertTrue(files.contains(name), name + " has no session");
                    assertTrue(Schemas.has(name), name + " has no schema");
                    assertTrue(
                            Files.readString(Sessions.file(name)).contains(" --json"),
                            name + " has no session with --json");
                }));
    }
}
