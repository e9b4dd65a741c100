package dev.omnibus.rpc.redisrpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.rpc.Registration;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.testing.RedisServer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Queues that are served and called while Redis is away. */
class RedisRpcAwayIT {

    /** What is served. */
    public static final class Echo {

        /** Gives back what it gets. */
        public String say(String text) {
            return text;
        }
    }

    private final RedisServer redis = RedisServer.start();

    @AfterEach
    void end() {
        redis.close();
    }

    @Test
    void aBusThatConnectsInTheBackgroundServesAndCallsWhenRedisComes() throws Exception {
        redis.kill();
        try (Bus bus = Bus.builder(redis.url()).connectInBackground().build()) {
            RedisRpc rpc = RedisRpc.on(bus);
            Registration served = rpc.serve("echo", new Echo());
            assertNotSent(rpc.call("echo", "say", String.class, "lost"));
            assertFalse(served.ready().isDone());

            redis.restart();
            served.ready().get(20, SECONDS);
            await().atMost(20, SECONDS).until(() -> bus.state() == BusState.UP);
            assertEquals("here", rpc.call("echo", "say", String.class, "here").get(20, SECONDS));
        }
    }

    @Test
    void aBusWhoseRedisHasJustGoneServesAndCallsWhenItIsBack() throws Exception {
        try (Bus bus = Bus.connect(redis.url())) {
            RedisRpc rpc = RedisRpc.on(bus);
            redis.kill();
            Registration served = rpc.serve("echo", new Echo());
            assertNotSent(rpc.call("echo", "say", String.class, "lost"));

            redis.restart();
            served.ready().get(20, SECONDS);
            await().atMost(20, SECONDS)
                    .until(() -> rpc.call("echo", "say", String.class, "here")
                            .handle((answer, failure) -> "here".equals(answer))
                            .get(20, SECONDS));
        }
    }

    @Test
    void aBusThatNeverConnectsIsClosedAtOnceAlthoughAQueueIsServed() throws Exception {
        redis.kill();
        Bus bus = Bus.builder(redis.url()).connectInBackground().build();
        Registration served = RedisRpc.on(bus).serve("echo", new Echo());
        CompletableFuture.runAsync(bus::close).get(20, SECONDS);
        served.closed().get(20, SECONDS);
    }

    private static void assertNotSent(CompletableFuture<?> call) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> call.get(20, SECONDS));
        RpcException failure = assertInstanceOf(RpcException.class, e.getCause());
        assertEquals(RpcException.Reason.CONNECTION_LOST, failure.reason(), failure::getMessage);
        assertTrue(failure.notExecuted());
    }
}
