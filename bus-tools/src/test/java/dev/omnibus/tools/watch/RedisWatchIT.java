package dev.omnibus.tools.watch;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RedisWatchIT extends WatchContract {

    /** How many calls are watched; {@code -Dwatch.calls=1000000} for long. */
    private static final int CALLS = Integer.getInteger("watch.calls", 20_000);

    private static final int BROADCASTS = CALLS / 100;
    private static final int IN_FLIGHT = 256;

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
    Bus connect(String name) {
        return Bus.builder(redis.url()).name(name).build();
    }

    @Test
    void underLoadNearlyEveryReplyIsMatchedAndTheRestIsCounted() throws Exception {
        try (Watch watch = Watch.on(bus("watch")).start(new WatchListener() {})) {
            watch.ready().get(20, SECONDS);
            List<CompletableFuture<?>> ready = new ArrayList<>();
            for (int node = 0; node < 3; node++) {
                ready.add(RpcServer.on(bus("shop"))
                        .serve("stock.left", params -> params.size())
                        .ready());
            }
            CompletableFuture.allOf(ready.toArray(CompletableFuture[]::new)).get(20, SECONDS);
            await().until(() -> servingAt(watch) == 3);
            RpcClient client = RpcClient.on(bus("desk"));
            Semaphore inFlight = new Semaphore(IN_FLIGHT);
            for (int call = 0; call < CALLS; call++) {
                inFlight.acquire();
                CompletableFuture<?> done = call % 100 == 0
                        ? client.broadcast("stock.left", Integer.class, call).askAsync()
                        : client.call("stock.left", Integer.class, call);
                done.whenComplete((value, failure) -> inFlight.release());
            }
            assertTrue(inFlight.tryAcquire(IN_FLIGHT, 60, SECONDS));
            long expected = CALLS - BROADCASTS + 3L * BROADCASTS;
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                WatchStats stats = watch.stats();
                return stats.framesDropped() > 0 || stats.paired() + stats.unmatchedReplies() >= expected;
            });
            WatchStats stats = watch.stats();
            assertTrue(stats.pairedShare() >= 0.999, stats::toString);
            assertTrue(stats.framesDropped() > 0 || stats.paired() == expected, stats::toString);
            assertEquals(0, stats.bad());
        }
    }
}
