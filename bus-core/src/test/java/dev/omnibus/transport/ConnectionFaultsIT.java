package dev.omnibus.transport;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One bus publishes every few milliseconds, another listens, and the connection between it and Redis fails. */
@Tag("slow")
class ConnectionFaultsIT {

    private static final int BURST = Integer.getInteger("burst", 50); // of 100 kB; the long form has 100

    private static final int PERIOD_MILLIS = 5;

    private final AtomicInteger next = new AtomicInteger();
    private final List<Integer> received = new CopyOnWriteArrayList<>();
    private final AtomicInteger connectionDown = new AtomicInteger();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private RedisServer redis;
    private FaultProxy proxy;
    private Bus publisher;
    private Bus subscriber;

    @BeforeEach
    void open() throws Exception {
        redis = RedisServer.start();
        proxy = FaultProxy.to(redis);
        publisher = Bus.builder(redis.url()).name("publisher").build();
        subscriber = Bus.builder(proxy.url())
                .name("subscriber")
                .listener(new BusListener() {
                    @Override
                    public void onState(BusState state) {
                        if (state == BusState.DOWN) {
                            connectionDown.incrementAndGet();
                        }
                    }
                })
                .build();
        subscriber
                .subscribe("n", Integer.class, event -> received.add(event.data()))
                .ready()
                .get(10, SECONDS);
        var unused = clock.scheduleAtFixedRate(this::publish, 0, PERIOD_MILLIS, MILLISECONDS);
        await().until(() -> received.size() > 50);
    }

    private void publish() {
        publisher.publish("n", next.getAndIncrement()).handle((receivers, failure) -> null);
    }

    @AfterEach
    void close() {
        clock.shutdownNow();
        subscriber.close();
        publisher.close();
        proxy.close();
        redis.close();
    }

    @Test
    void aHalfOpenLinkIsNoticedAndHeals() {
        proxy.blackhole(Direction.BOTH);
        long noticed = millisUntil(() -> connectionDown.get() > 0);
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(2)); // a few attempts fail
        proxy.pass();
        long healed = millisUntilFlowing();
        report("half-open both ways", "noticed", noticed, "flowing after heal", healed);
        assertTrue(noticed <= 6_500, () -> "noticed after " + noticed + " ms");
        assertTrue(healed <= 8_000, () -> "flowing " + healed + " ms after the heal");
        assertNoDuplicates();
    }

    @Test
    void aLinkThatIsHalfOpenInOneDirectionIsNoticedAndHeals() {
        proxy.blackhole(Direction.TO_CLIENT);
        long noticed = millisUntil(() -> connectionDown.get() > 0);
        proxy.pass();
        long healed = millisUntilFlowing();
        report("half-open to the client", "noticed", noticed, "flowing after heal", healed);
        assertTrue(noticed <= 6_500, () -> "noticed after " + noticed + " ms");
        assertTrue(healed <= 8_000, () -> "flowing " + healed + " ms after the heal");
        assertNoDuplicates();
    }

    @Test
    void aWayOutThatIsDeadIsNoticedWhileEventsGoOnArriving() {
        proxy.blackhole(Direction.TO_SERVER);
        long noticed = millisUntil(() -> connectionDown.get() > 0);
        proxy.pass();
        long healed = millisUntilFlowing();
        report("half-open to the server", "noticed", noticed, "flowing after heal", healed);
        assertTrue(noticed <= 6_500, () -> "noticed after " + noticed + " ms");
        assertNoDuplicates();
    }

    @Test
    void aBurstThatIsManySecondsBehindOnASlowLinkArrivesWhole() {
        List<Integer> burst = new CopyOnWriteArrayList<>();
        subscriber
                .subscribe(
                        "burst", String.class, event -> burst.add(event.data().length()))
                .ready()
                .join();
        proxy.throttle(1_000_000);
        String data = "x".repeat(100_000);
        for (int i = 0; i < BURST; i++) {
            publisher.publish("burst", data);
        }
        long arrived = millisUntil(() -> burst.size() == BURST);
        report(BURST / 10 + " MB over 1 MB/s", "arrived after", arrived, "connection down", connectionDown.get());
        assertTrue(arrived > 3_500, () -> "not behind at all, after " + arrived + " ms");
        assertEquals(0, connectionDown.get());
        assertNoDuplicates();
    }

    @Test
    void aFrozenRedisGoesOnWithoutADuplicate() {
        redis.pause();
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(5));
        redis.resume();
        int sentBefore = next.get();
        long flowing = millisUntil(() -> received.stream().anyMatch(n -> n >= sentBefore));
        report("SIGSTOP 5 s", "flowing after CONT", flowing, "received", received.size());
        assertTrue(flowing <= 3_000, () -> "flowing " + flowing + " ms after CONT");
        assertNoDuplicates();
    }

    @Test
    void aKilledRedisIsFoundAgainAsSoonAsItIsBack() {
        for (int awayMillis : List.of(200, 3_000)) {
            redis.kill();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(awayMillis));
            redis.restart();
            long flowing = millisUntilFlowing();
            report(
                    "kill -9, away " + awayMillis + " ms",
                    "flowing after restart",
                    flowing,
                    "received",
                    received.size());
            assertTrue(flowing <= 4_000, () -> "flowing " + flowing + " ms after the restart");
        }
        assertNoDuplicates();
    }

    @Test
    void killedSubscriptionConnectionsAreBackWithinHalfASecond() {
        for (int i = 0; i < 5; i++) {
            redis.command("CLIENT", "KILL", "TYPE", "pubsub");
            long silence = millisUntilFlowing();
            report("CLIENT KILL TYPE pubsub", "silence", silence, "connection down", connectionDown.get());
            assertTrue(silence <= 1_500, () -> "silent for " + silence + " ms");
            assertEquals(0, connectionDown.get());
        }
        assertNoDuplicates();
    }

    /** Until something arrives that is published from now on. */
    private long millisUntilFlowing() {
        int from = next.get();
        return millisUntil(() -> received.stream().anyMatch(n -> n >= from));
    }

    private static long millisUntil(Callable<Boolean> condition) {
        long begun = System.nanoTime();
        await().pollInterval(Duration.ofMillis(5))
                .pollDelay(Duration.ZERO)
                .atMost(20, SECONDS)
                .until(condition);
        return (System.nanoTime() - begun) / 1_000_000;
    }

    private void assertNoDuplicates() {
        Set<Integer> once = new HashSet<>();
        received.forEach(n -> assertTrue(once.add(n), () -> n + " was handled twice"));
    }

    private static void report(String fault, String what, long first, String other, long second) {
        System.out.println("[fault] " + fault + ": " + what + " " + first + " ms, " + other + " " + second);
    }
}
