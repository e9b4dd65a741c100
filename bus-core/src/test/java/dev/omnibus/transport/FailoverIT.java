package dev.omnibus.transport;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One bus publishes every few milliseconds, another listens, and the master of the topic is replaced. */
class FailoverIT {

    private static final int PERIOD_MILLIS = 5;

    /** What a loaded machine may need on top of what the promise says. */
    private static final long ROOM_MILLIS = 3_000;

    private final AtomicInteger next = new AtomicInteger();
    private final List<Integer> received = new CopyOnWriteArrayList<>();
    private final Set<Integer> unpublished = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void stop() {
        clock.shutdownNow();
    }

    @Test
    void eventsFlowAgainAfterTheSentinelsReplacedAKilledMaster() throws Exception {
        try (RedisSentinels redis = RedisSentinels.start(1);
                Bus publisher = Bus.builder(Networks.connect(redis)).build();
                Bus subscriber = Bus.builder(Networks.connect(redis)).build()) {
            begin(publisher, subscriber);
            long bound = redis.downAfter().toMillis() + 3_000 + ROOM_MILLIS;
            RedisServer master = redis.master();
            assertFlowsWithin(bound, "Sentinel, master killed", master::kill);
        }
    }

    @Test
    void eventsFlowAgainAfterAReplicaOfTheClusterTookOver() throws Exception {
        try (RedisCluster redis = RedisCluster.start(1);
                Bus publisher = Bus.builder(Networks.connect(redis)).build();
                Bus subscriber = Bus.builder(Networks.connect(redis)).build()) {
            begin(publisher, subscriber);
            long bound = 2 * redis.nodeTimeout().toMillis() + 2_000 + ROOM_MILLIS;
            RedisServer master = redis.masterOf("bus:evt:n");
            assertFlowsWithin(bound, "cluster, master killed", master::kill);
        }
    }

    /**
     * Redisson moves a subscription to the new master of its slot by ending it and subscribing again, and for a moment
     * publishes go by two ways: some events are lost or come too late. None of them silently.
     */
    @Test
    void whatIsMissedWhileTheSlotOfTheTopicMovesIsReported() throws Exception {
        Set<Long> reported = ConcurrentHashMap.newKeySet();
        BusListener listener = new BusListener() {
            @Override
            public void onGap(String topic, String source, long from, long to) {
                LongStream.rangeClosed(from, to).forEach(reported::add);
            }
        };
        try (RedisCluster redis = RedisCluster.start(0);
                Bus publisher = Bus.builder(Networks.connect(redis)).build();
                Bus subscriber =
                        Bus.builder(Networks.connect(redis)).listener(listener).build()) {
            begin(publisher, subscriber);
            int slot = redis.slot("bus:evt:n");
            for (int i = 0; i < 6; i++) {
                redis.moveSlot(slot, redis.nodes().get(i % 3));
                int seen = received.size();
                await().atMost(20, SECONDS).until(() -> received.size() > seen + 300); // more than a scan interval
            }
            clock.shutdown();
            assertTrue(clock.awaitTermination(5, SECONDS));
            int sent = next.get();
            await().atMost(10, SECONDS).until(() -> received.contains(sent - 1));
            Set<Long> missed = LongStream.range(0, sent).boxed().collect(Collectors.toCollection(HashSet::new));
            received.forEach(n -> missed.remove((long) n));
            System.out.println("[fault] slot moved 6 times: sent " + sent + ", missed " + missed.size() + ", failed "
                    + unpublished.size());
            assertEquals(Set.of(), unpublished);
            // Nothing failed, so that the n-th event, counted from 0, has the sequence number n + 1.
            await().untilAsserted(() -> assertTrue(
                    missed.stream().allMatch(n -> reported.contains(n + 1)), () -> missed + " of " + reported));
            assertNoDuplicates();
        }
    }

    private void begin(Bus publisher, Bus subscriber) throws Exception {
        subscriber
                .subscribe("n", Integer.class, event -> received.add(event.data()))
                .ready()
                .get(10, SECONDS);
        var unused = clock.scheduleAtFixedRate(() -> publish(publisher), 0, PERIOD_MILLIS, MILLISECONDS);
        await().until(() -> received.size() > 50);
    }

    private void publish(Bus publisher) {
        int number = next.getAndIncrement();
        publisher.publish("n", number).whenComplete((receivers, failure) -> {
            if (failure != null) {
                unpublished.add(number);
            }
        });
    }

    private void assertFlowsWithin(long boundMillis, String fault, Runnable kill) {
        kill.run();
        int from = next.get();
        long begun = System.nanoTime();
        await().pollInterval(Duration.ofMillis(10))
                .atMost(40, SECONDS)
                .until(() -> received.stream().anyMatch(n -> n > from));
        long silent = (System.nanoTime() - begun) / 1_000_000;
        System.out.println("[fault] " + fault + ": silent for " + silent + " ms");
        assertTrue(silent <= boundMillis, () -> "silent for " + silent + " ms");
        assertNoDuplicates();
    }

    private void assertNoDuplicates() {
        Set<Integer> once = new HashSet<>();
        received.forEach(n -> assertTrue(once.add(n), () -> n + " was handled twice"));
    }
}
