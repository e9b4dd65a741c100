package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Redis ends the connection of whom it holds 32 MiB for: neither others nor a process itself make it come to that. */
@WithRedis
class InboxFloodIT {

    private static final String LARGE = "x".repeat(1_000_000);

    interface Report {
        String get();
    }

    private final RedisServer redis;
    private final List<AutoCloseable> open = new ArrayList<>();

    InboxFloodIT(RedisServer redis) {
        this.redis = redis;
    }

    private Bus bus(String name) {
        Bus bus = Bus.builder(redis.url()).name(name).prefix("flood").build();
        open.add(bus);
        return bus;
    }

    private Bus serving(String name) {
        Bus bus = bus(name);
        RpcServer.on(bus)
                .serve(Report.class, () -> LARGE, new ServiceOptions(4, 1_024))
                .ready()
                .join();
        return bus;
    }

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    @Test
    void manyBroadcastsWithLargeAnswersAreAllComplete() {
        for (int i = 0; i < 8; i++) {
            serving("node" + i);
        }
        Bus caller = bus("caller");
        RpcClient client = RpcClient.on(caller);
        await().atMost(20, SECONDS)
                .until(() ->
                        Insides.serving(client.runtime().directory().nodes()).size() == 8);
        CallOptions patient = CallOptions.defaults().withTimeout(Duration.ofMinutes(1));
        List<CompletableFuture<Replies<String>>> asked = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            asked.add(client.broadcast("report.get", String.class).with(patient).askAsync());
        }

        for (CompletableFuture<Replies<String>> one : asked) {
            Replies<String> replies = one.join();
            assertTrue(replies.isComplete(), replies::toString);
        }
        assertEquals(0, caller.stats().interruptions());
    }

    @Test
    void whoeverHasANodeAnswerToAnotherOnesInboxDoesNotEndItsConnection() {
        Bus server = serving("server");
        Bus victim = bus("victim");
        RpcClient client = RpcClient.on(victim);
        assertEquals(LARGE, client.call("report.get", String.class).join());
        PlayedNode mallory = new PlayedNode(RedissonTransport.connect(redis.url()), "flood", "mallory");
        open.add(mallory);
        for (int i = 0; i < 300; i++) {
            mallory.ask(
                    "report.get",
                    server.node(),
                    "{\"jsonrpc\":\"2.0\",\"id\":" + i
                            + ",\"method\":\"report.get\",\"meta\":{\"replyTo\":\"flood:inbox:" + victim.node()
                            + "\"}}");
        }

        await().atMost(60, SECONDS).until(() -> {
            RpcServerStats stats = RpcServer.on(server).stats();
            return stats.served() + stats.overloaded() == 301;
        });
        CallOptions retrying =
                CallOptions.defaults().withTimeout(Duration.ofMinutes(1)).withRetries(10);
        assertEquals(LARGE, client.call("report.get", String.class, retrying).join());
        assertEquals(0, victim.stats().interruptions());
        assertEquals(0, victim.stats().reconnects());
    }

    /** Four seconds behind, in which no heartbeat comes in time: but what comes shows that the connection lives. */
    @Test
    void largeAnswersOverASlowLinkArriveWhole() {
        serving("server");
        FaultProxy proxy = FaultProxy.to(redis);
        open.add(proxy);
        Bus caller = Bus.builder(proxy.url()).name("caller").prefix("flood").build();
        open.add(caller);
        RpcClient client = RpcClient.on(caller);
        client.runtime().directory().ready().join();
        proxy.throttle(3_000_000);
        CallOptions patient = CallOptions.defaults().withTimeout(Duration.ofMinutes(1));
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            calls.add(client.call("report.get", String.class, patient));
        }

        calls.forEach(call -> assertEquals(LARGE, call.join()));
        assertEquals(0, client.stats().failed());
        assertEquals(0, caller.stats().interruptions());
        assertEquals(0, caller.stats().reconnects());
    }
}
