package dev.omnibus.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * That nobody serves a method is known after one question to Redis. How long that takes, against a bare round trip of
 * the same client, is printed and stands in {@code docs/reference/rpc-errors.md}; on a machine that has other things to
 * do nothing can be promised of it.
 */
@WithRedis
class NoServerIT {

    private static final CallOptions PATIENT = CallOptions.defaults().withTimeout(Duration.ofMinutes(1));

    private final RedisServer redis;

    NoServerIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void nobodyIsWaitedFor() {
        try (Bus caller = Bus.connect(redis.url())) {
            assertNobodyIsWaitedFor(caller);
        }
    }

    @Test
    void nobodyIsWaitedForAlsoWithAnObserver() {
        try (Bus caller = Bus.connect(redis.url());
                Transport observer = RedissonTransport.connect(redis.url())) {
            observer.subscribePattern("*", (channel, frame) -> {}).join();
            assertNobodyIsWaitedFor(caller);
        }
    }

    /** The best of some rounds, because a machine that is busy makes either of both slow, now and then. */
    private static void assertNobodyIsWaitedFor(Bus caller) {
        RpcClient client = RpcClient.on(caller);
        client.runtime().directory().ready().join();
        Transport link = BusRuntime.of(caller).channels().transport();
        Runnable roundTrip = () -> {
            CompletableFuture<Long> receivers = new CompletableFuture<>();
            link.publish(List.of(new Publication("nobody-listens", new byte[0], false, new Publication.Outcome() {
                @Override
                public void published(long count, long patternSubscribers) {
                    receivers.complete(count);
                }

                @Override
                public void failed(TransportException failure) {
                    receivers.completeExceptionally(failure);
                }
            })));
            receivers.join();
        };
        Runnable noServer = () -> {
            RpcException e = CallFixture.failure(client.call("nobody.there", Integer.class, PATIENT));
            assertEquals(Reason.NO_SERVER, e.reason());
        };
        List<String> rounds = new ArrayList<>();
        double best = Double.MAX_VALUE;
        for (int round = 0; round < 20 && best >= 2; round++) {
            long[] each = medianMicros(roundTrip, noServer);
            best = Math.min(best, (double) each[1] / each[0]);
            rounds.add(each[1] + " of " + each[0]);
        }
        System.out.println("NO_SERVER in µs, of a round trip: " + rounds);
        assertTrue(best < 10, () -> "µs: " + rounds); // less than two, and room for a machine that is busy
    }

    /** What a bus asks of Redis, by who asks. */
    private static final class Questions {

        final AtomicInteger ofCalls = new AtomicInteger();
        final AtomicInteger ofTimer = new AtomicInteger(); // the directory looks each second by itself
        final Queue<String> requests = new ConcurrentLinkedQueue<>();

        Transport on(Transport link) {
            InvocationHandler counted = (self, method, arguments) -> {
                if (method.getName().equals("leases")) {
                    boolean timer = Thread.currentThread().getName().equals("omnibus-timer");
                    (timer ? ofTimer : ofCalls).incrementAndGet();
                } else if (method.getName().equals("publish")) {
                    ((List<?>) arguments[0])
                            .stream()
                                    .map(sent -> ((Publication) sent).channel())
                                    .filter(channel -> channel.contains(":rpc:"))
                                    .forEach(requests::add);
                }
                try {
                    return method.invoke(link, arguments);
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                }
            };
            return (Transport)
                    Proxy.newProxyInstance(Transport.class.getClassLoader(), new Class<?>[] {Transport.class}, counted);
        }
    }

    @Test
    void redisIsAskedOnceAndNothingIsPublished() {
        int calls = 200;
        Questions questions = new Questions();
        try (Bus caller = Bus.builder(questions.on(RedissonTransport.connect(redis.url())))
                .build()) {
            RpcClient client = RpcClient.on(caller);
            client.runtime().directory().ready().join();
            questions.ofCalls.set(0);
            questions.ofTimer.set(0);
            for (int i = 0; i < calls; i++) {
                RpcException e = CallFixture.failure(client.call("nobody.there", Integer.class, PATIENT));
                assertEquals(Reason.NO_SERVER, e.reason());
                assertTrue(e.notExecuted());
            }
            int looks = questions.ofCalls.get();
            int all = looks + questions.ofTimer.get(); // a call that begins beside a look of the timer may share it
            assertTrue(looks <= calls && all >= calls, () -> looks + " looks, " + all + " with those of the timer");
            assertEquals(List.of(), List.copyOf(questions.requests));
        }
    }

    private static long[] medianMicros(Runnable... actions) {
        int times = 301;
        long[][] nanos = new long[actions.length][times];
        for (int i = -200; i < times; i++) {
            for (int k = 0; k < actions.length; k++) { // in turn, so that what disturbs one disturbs the other
                long started = System.nanoTime();
                actions[k].run();
                nanos[k][Math.max(i, 0)] = System.nanoTime() - started;
            }
        }
        return Arrays.stream(nanos)
                .mapToLong(each -> Arrays.stream(each).sorted().toArray()[times / 2] / 1_000)
                .toArray();
    }
}
