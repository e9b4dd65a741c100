package dev.omnibus.transport.redisson;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Thousands of subscriptions on one client, all at once and all the time. */
class ManySubscriptionsIT {

    private static final int STEPS = 10_000;
    private static final int THREADS = 4;
    private static final int NAMES = 300;

    private static RedisServer redis;
    private RedissonTransport transport;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @BeforeEach
    void connect() {
        transport = RedissonTransport.connect(redis.url());
    }

    @AfterEach
    void close() {
        transport.close();
    }

    @Test
    void twoThousandChannelsWorkAndComeBackAfterTheConnectionWasKilled() throws Exception {
        int channels = 2_000;
        AtomicInteger frames = new AtomicInteger();
        AtomicInteger interruptions = new AtomicInteger();
        List<CompletableFuture<Void>> subscribing = IntStream.range(0, channels)
                .mapToObj(i -> transport.subscribe("many" + i, counting(frames, interruptions)))
                .toList();
        CompletableFuture.allOf(subscribing.toArray(CompletableFuture[]::new)).get(30, SECONDS);
        assertEquals(channels, publishToAll(channels));
        await().until(() -> frames.get() == channels);

        redis.command("CLIENT", "KILL", "TYPE", "pubsub");
        await().pollInterval(Duration.ofMillis(10)).atMost(10, SECONDS).until(() -> interruptions.get() == channels);
        assertEquals(channels, publishToAll(channels));
        await().until(() -> frames.get() == 2 * channels);
    }

    @Test
    void twentyThousandAtOnceAllStand() throws Exception {
        FrameListener listener = counting(new AtomicInteger(), new AtomicInteger());
        List<CompletableFuture<Void>> subscribing = IntStream.range(0, 20_000)
                .mapToObj(i -> transport.subscribe("crowd" + i, listener))
                .toList();
        CompletableFuture.allOf(subscribing.toArray(CompletableFuture[]::new)).get(50, SECONDS);
    }

    /** And not a thousand after the other, each after its own timeout. */
    @Test
    void whatWaitsAtASilentRedisFailsTogether() throws Exception {
        FrameListener listener = counting(new AtomicInteger(), new AtomicInteger());
        try (FaultProxy proxy = FaultProxy.to(redis);
                RedissonTransport away = RedissonTransport.connect(proxy.url())) {
            proxy.stall(Direction.TO_CLIENT);
            List<CompletableFuture<Void>> subscribing = IntStream.range(0, 5_000)
                    .mapToObj(i -> away.subscribe("silent" + i, listener))
                    .toList();
            CompletableFuture.allOf(subscribing.toArray(CompletableFuture[]::new))
                    .handle((done, failure) -> failure)
                    .get(12, SECONDS);
            for (CompletableFuture<Void> each : subscribing) {
                ExecutionException failure = assertThrows(ExecutionException.class, each::get);
                assertInstanceOf(TransportException.class, failure.getCause());
            }
        }
    }

    @Test
    void subscribingAndUnsubscribingTenThousandTimesAtOnceLeavesNothingBehind() throws Exception {
        List<Thread> threads = new ArrayList<>();
        List<CompletableFuture<Void>> steps = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            int thread = t;
            threads.add(new Thread(() -> {
                List<CompletableFuture<Void>> mine = churn(thread);
                synchronized (steps) {
                    steps.addAll(mine);
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        CompletableFuture.allOf(steps.toArray(CompletableFuture[]::new)).get(60, SECONDS);

        await().until(() -> List.of().equals(redis.command("PUBSUB", "CHANNELS")));
        assertEquals(0L, redis.command("PUBSUB", "NUMPAT"));
        await().until(() -> transport.heldSubscriptions() == 0);

        AtomicInteger frames = new AtomicInteger();
        for (int name = 0; name < NAMES; name++) { // none of them is deaf
            subscribe(name(0, name), counting(frames, new AtomicInteger())).get(5, SECONDS);
            redis.command("PUBLISH", name(0, name).replace("*", "x"), "frame");
        }
        await().until(() -> frames.get() == NAMES);
    }

    /** Each thread has names of its own; what it asks for does not wait for what it asked before. */
    private List<CompletableFuture<Void>> churn(int thread) {
        List<CompletableFuture<Void>> steps = new ArrayList<>();
        Map<String, Boolean> subscribed = new HashMap<>();
        for (int i = 0; i < STEPS / THREADS; i++) {
            String name = name(thread, ThreadLocalRandom.current().nextInt(NAMES / THREADS));
            boolean on = subscribed.getOrDefault(name, false);
            subscribed.put(name, !on);
            if (on) {
                steps.add(transport.unsubscribe(name));
            } else {
                FrameListener listener = counting(new AtomicInteger(), new AtomicInteger());
                steps.add(subscribe(name, listener)
                        .exceptionally(
                                failure -> { // unsubscribed before its turn came
                                    assertTrue(
                                            String.valueOf(failure).contains("Unsubscribed before"), failure::toString);
                                    return null;
                                }));
            }
        }
        subscribed.forEach((name, on) -> steps.add(transport.unsubscribe(name)));
        return steps;
    }

    private CompletableFuture<Void> subscribe(String name, FrameListener listener) {
        return name.endsWith("*") ? transport.subscribePattern(name, listener) : transport.subscribe(name, listener);
    }

    private static String name(int thread, int index) {
        return "churn" + thread + "." + index + (index % 3 == 0 ? ".*" : "");
    }

    private static long publishToAll(int channels) {
        return IntStream.range(0, channels)
                .mapToLong(i -> ((Number) requireNonNull(redis.command("PUBLISH", "many" + i, "frame"))).longValue())
                .sum();
    }

    private static FrameListener counting(AtomicInteger frames, AtomicInteger interruptions) {
        return new FrameListener() {
            @Override
            public void onFrame(String channel, byte[] frame) {
                frames.incrementAndGet();
            }

            @Override
            public void onInterrupted() {
                interruptions.incrementAndGet();
            }
        };
    }
}
