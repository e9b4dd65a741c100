package dev.omnibus.tools.cli;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.Topic;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.tools.cli.base.Connection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is recorded on one bus happens again on another. */
class ReplayIT {

    record Order(String id) {}

    private static final ScheduledExecutorService TICKS = Executors.newScheduledThreadPool(1);
    private static final Map<String, String> TENANT = Map.of("tenant", "north");

    @TempDir
    static Path folder;

    private static RedisServer redis;
    private static final List<Bus> open = new ArrayList<>();
    private static final List<Event<JsonNode>> seen = new CopyOnWriteArrayList<>();
    private static final List<String> called = new CopyOnWriteArrayList<>();
    private static Shell shell;

    @BeforeAll
    static void start() throws Exception {
        redis = RedisServer.start();
        shell = new Shell(Map.of("OMNIBUS_REDIS", redis.url()), Connection::open);
        Bus shop = bus("shop", "bus");
        RpcServer.on(shop).serve("stock.left", params -> 3).ready().get(20, SECONDS);
        Topic<Order> placed = Topic.of("orders.placed", Order.class).withEventType("OrderPlaced");
        RpcClient client = RpcClient.on(bus("desk", "bus"));
        CallOptions options = CallOptions.defaults().withHeader("tenant", "north");
        TICKS.scheduleAtFixedRate(
                () -> {
                    shop.publish(placed, new Order("o-1"), TENANT);
                    client.call("stock.left", Integer.class, options, "sku-1");
                },
                0,
                50,
                MILLISECONDS);
        Bus again = bus("again", "again");
        again.subscribe("**", JsonNode.class, seen::add).ready().get(20, SECONDS);
        RpcServer.on(again)
                .serve("stock.left", params -> {
                    called.add(CallContext.current().headers() + " " + params);
                    return 3;
                })
                .ready()
                .get(20, SECONDS);
    }

    private static Bus bus(String name, String prefix) {
        Bus bus = Bus.builder(redis.url()).name(name).prefix(prefix).build();
        open.add(bus);
        return bus;
    }

    @AfterAll
    static void stop() {
        TICKS.shutdownNow();
        open.forEach(Bus::close);
        redis.close();
    }

    private static Path recorded(String line) throws IOException {
        Shell.Result result = shell.run(line);
        assertEquals(0, result.code(), result::err);
        return Files.writeString(Files.createTempFile(folder, "recording", ".ndjson"), result.out());
    }

    private static long count(Path recording, String kind) throws IOException {
        try (var lines = Files.lines(recording)) {
            return lines.filter(line -> line.startsWith("{\"kind\":\"" + kind + "\""))
                    .count();
        }
    }

    private static void assertAgain(long events) {
        await().until(() -> seen.size() == events);
        for (Event<JsonNode> event : seen) {
            assertEquals("orders.placed", event.topic());
            assertEquals("OrderPlaced", event.type());
            assertEquals(TENANT, event.headers());
            assertEquals("{\"id\":\"o-1\"}", event.data().toString());
        }
        seen.clear();
    }

    @Test
    void whatWasWatchedIsPublishedAndCalledAgain() throws Exception {
        Path recording = recorded("omnibus watch --json -q --count 12");
        long events = count(recording, "EVENT");
        long calls = count(recording, "CALL");
        assertTrue(events > 0 && calls > 0, () -> events + " events, " + calls + " calls");
        Shell.Result result = shell.run("omnibus replay " + recording + " --speed 0 --calls --prefix again --json");
        assertEquals(0, result.code(), result::toString);
        Schemas.check("replay", result.out());
        assertAgain(events);
        assertEquals(calls, called.size());
        assertEquals("{tenant=north} [\"sku-1\"]", called.get(0));
    }

    @Test
    void whatASubscriberGotIsPublishedAgainAtThePaceAtWhichItCame() throws Exception {
        Path recording = recorded("omnibus sub 'orders.*' --json -q --count 5");
        long begun = System.nanoTime();
        Shell.Result result = shell.run("omnibus replay " + recording + " --speed 2 --prefix again");
        assertEquals("5 published\n", result.out(), result::toString);
        long took = System.nanoTime() - begun;
        long least = MILLISECONDS.toNanos(100 - 40); // four times 50 ms in half the time; the clock of events has ms
        assertTrue(took >= least, () -> "it took " + took + " ns");
        assertAgain(5);
    }
}
