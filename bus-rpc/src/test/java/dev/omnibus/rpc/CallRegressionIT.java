package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What went wrong elsewhere: calls over pub/sub that others got wrong at some time. */
@WithRedis
class CallRegressionIT {

    private final String prefix = "regression-" + UUID.randomUUID();
    private final RedisServer redis;

    CallRegressionIT(RedisServer redis) {
        this.redis = redis;
    }

    private Bus bus() {
        return Bus.builder(redis.url())
                .prefix(prefix)
                .heartbeat(Duration.ofMillis(200))
                .build();
    }

    private static CallOptions within(long millis) {
        return CallOptions.defaults().withTimeout(Duration.ofMillis(millis));
    }

    @Test
    void subscribersThatAreKilledComeBackOnceAndNoCallIsExecutedTwice() throws Exception {
        AtomicInteger[] executions =
                IntStream.range(0, 2_000).mapToObj(i -> new AtomicInteger()).toArray(AtomicInteger[]::new);
        try (Bus server = bus();
                Bus caller = bus()) {
            RpcServer.on(server)
                    .serve("kill.work", params -> executions[params.get(0).asInt()].incrementAndGet())
                    .ready()
                    .join();
            RpcClient client = RpcClient.on(caller);
            client.runtime().directory().ready().join();
            List<CompletableFuture<Object>> calls = new ArrayList<>();
            for (int i = 0; i < executions.length; i++) {
                if (i % 250 == 125) {
                    redis.command("CLIENT", "KILL", "TYPE", "pubsub");
                }
                calls.add(client.call("kill.work", Integer.class, within(3_000), i)
                        .handle((value, failure) -> failure == null ? value : failure));
                if (i % 25 == 0) {
                    calls.get(i).get(20, SECONDS);
                }
            }
            for (int i = 0; i < calls.size(); i++) {
                Object outcome = calls.get(i).get(20, SECONDS);
                int times = executions[i].get();
                assertTrue(times <= 1, () -> times + " executions");
                if (outcome instanceof RpcException e) {
                    assertTrue(times == 0 || !e.notExecuted(), e::getMessage);
                    assertTrue(
                            Set.of(Reason.CONNECTION_LOST, Reason.TIMEOUT, Reason.NO_SERVER, Reason.NODE_LOST)
                                    .contains(e.reason()),
                            e::getMessage);
                } else {
                    assertEquals(1, outcome);
                }
            }
            await().atMost(30, SECONDS)
                    .until(() -> client.call("kill.work", Integer.class, 0)
                            .handle((value, failure) -> failure == null)
                            .join());
            String channel = BusRuntime.of(server).channels().names().method("kill.work", server.node());
            await().atMost(20, SECONDS) // Redis may not have seen yet that the killed connections have ended
                    .untilAsserted(() -> assertEquals(
                            "[" + channel + ", 1]", Objects.toString(redis.command("PUBSUB", "NUMSUB", channel))));
            assertEquals(0, client.runtime().pending().size());
        }
    }

    @Test
    void withAnObserverADeadNodeIsStillFoundOutAtOnce() {
        try (Bus server = bus();
                Bus caller = bus();
                Transport observer = RedissonTransport.connect(redis.url())) {
            observer.subscribePattern("*", (channel, frame) -> {}).join();
            Transport link = RedissonTransport.connect(redis.url());
            Bus dying = Bus.builder(link)
                    .prefix(prefix)
                    .drainTimeout(Duration.ofMillis(10))
                    .build();
            RpcServer.on(dying).serve("watched.work", params -> 1).ready().join();
            RpcServer.on(dying).serve("watched.other", params -> 1).ready().join();
            RpcServer.on(server).serve("watched.work", params -> 2).ready().join();
            RpcClient client = RpcClient.on(caller);
            assertEquals(
                    2, Insides.serving(client.runtime().directory().nodes()).size());

            link.close(); // as if the process were killed: its lease still stands

            for (int i = 0; i < 20; i++) {
                assertEquals(
                        2,
                        client.call("watched.work", Integer.class, within(60_000))
                                .orTimeout(20, SECONDS) // who waits for the dead one gets NODE_LOST, whenever
                                .join());
            }
            RpcException e = CallFixture.failure(client.call("watched.other", Integer.class, within(60_000)));
            assertEquals(Reason.NO_SERVER, e.reason());
            assertTrue(e.notExecuted());
            dying.close();
        }
    }

    /** Whether somebody looks on is not asked for every call; see the record of decisions on broadcasts. */
    @Test
    void aPatternSubscriberWhoComesAsANodeDiesDelaysTheNewsByNoMoreThanItsLease() {
        try (Bus caller = bus();
                Transport patternSubscriber = RedissonTransport.connect(redis.url())) {
            Transport link = RedissonTransport.connect(redis.url());
            Bus dying = Bus.builder(link)
                    .prefix(prefix)
                    .drainTimeout(Duration.ofMillis(10))
                    .build();
            RpcServer.on(dying).serve("once.watched", params -> 1).ready().join();
            RpcClient client = RpcClient.on(caller);
            assertEquals(1, client.call("once.watched", Integer.class).join()); // nobody looked on

            patternSubscriber.subscribePattern("*", (channel, frame) -> {}).join();
            link.close(); // as if the process were killed: its lease still stands
            CompletableFuture<Integer> lost =
                    client.call("once.watched", Integer.class, within(60_000)).orTimeout(20, SECONDS);

            Reason reason = CallFixture.failure(lost).reason();
            assertTrue(reason == Reason.NODE_LOST || reason == Reason.NO_SERVER, reason::name);
            dying.close();
        }
    }
}
