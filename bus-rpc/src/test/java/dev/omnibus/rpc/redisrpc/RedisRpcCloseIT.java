package dev.omnibus.rpc.redisrpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How servers of queues end with their bus. */
@WithRedis
class RedisRpcCloseIT {

    /** A service of the bus. */
    public interface Echo {
        String say(String text);
    }

    /** Asks a service of the bus. */
    public record Asking(Echo echo, CountDownLatch running, CountDownLatch goOn) {

        public String ask() throws InterruptedException {
            running.countDown();
            assertTrue(goOn.await(20, SECONDS));
            return echo.say("hello");
        }
    }

    /** Begins and never ends. */
    public record Endless(CountDownLatch running) {

        public CompletableFuture<String> never() {
            running.countDown();
            return new CompletableFuture<>();
        }
    }

    private final String queue = "end-" + UUID.randomUUID();
    private final String responses = queue + ":rpc:ABCDEFGH";
    private final RedisServer redis;

    RedisRpcCloseIT(RedisServer redis) {
        this.redis = redis;
    }

    @AfterEach
    void clear() {
        redis.command("DEL", queue, responses);
    }

    private Bus bus(Duration drainTimeout) {
        return Bus.builder(redis.url()).prefix(queue).drainTimeout(drainTimeout).build();
    }

    private void push(String method) {
        redis.command(
                "RPUSH",
                queue,
                "{\"function_call\":{\"name\":\"" + method + "\"},\"response_queue\":\"" + responses + "\"}");
    }

    private List<?> leftBehind() {
        return redis.command("KEYS", "*{" + queue + "}:*") instanceof List<?> keys ? keys : List.of();
    }

    @Test
    void nothingIsServedAfterTheEnd() {
        Bus bus = bus(Duration.ofSeconds(5));
        RedisRpc rpc = RedisRpc.on(bus);
        rpc.serve(queue, new Endless(new CountDownLatch(1))).ready().join();
        bus.close();

        assertThrows(IllegalStateException.class, () -> rpc.serve(queue, new Endless(new CountDownLatch(1))));
        assertEquals(List.of(), leftBehind());
    }

    @Test
    void anIdleServerLeavesInOrderHoweverShortTheDrainTimeout() {
        Bus bus = bus(Duration.ofMillis(100));
        RedisRpc.on(bus)
                .serve(queue, new Endless(new CountDownLatch(1)))
                .ready()
                .join();
        await().atMost(20, SECONDS)
                .until(() -> !String.valueOf(redis.command("INFO", "clients")).contains("blocked_clients:0"));

        bus.close();

        assertEquals(List.of(), leftBehind());
    }

    @Test
    void allServersTogetherHaveOneDrainTimeoutAndLeaveAlsoIfTheirWorkDoesNotEnd() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(3);
        Bus bus = bus(Duration.ofSeconds(5));
        for (int i = 0; i < 3; i++) {
            RedisRpc.on(bus).serve(queue, new Endless(running));
            push("never");
        }
        assertTrue(running.await(20, SECONDS));
        long began = System.nanoTime();

        bus.close();

        Duration took = Duration.ofNanos(System.nanoTime() - began);
        assertTrue(took.toSeconds() < 13, () -> "one timeout for each: " + took);
        assertEquals(List.of(), leftBehind());
    }

    @Test
    void aMethodThatFinishesMayStillCallOthers() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (Bus other = bus(Duration.ofSeconds(5))) {
            RpcServer.on(other).serve(Echo.class, text -> text).ready().join();
            Bus bus = bus(Duration.ofSeconds(20));
            RedisRpc rpc = RedisRpc.on(bus);
            rpc.serve(queue, new Asking(RpcClient.on(bus).proxy(Echo.class), running, goOn));
            push("ask");
            assertTrue(running.await(20, SECONDS));
            Thread closing = new Thread(bus::close);
            closing.start();
            await().atMost(20, SECONDS).until(() -> bus.state() == BusState.DRAINING);
            goOn.countDown();
            closing.join();

            assertEquals(List.of("{\"return_value\":\"hello\"}"), redis.command("LRANGE", responses, "0", "-1"));
        }
    }
}
