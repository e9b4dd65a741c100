package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.Topic;
import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisSentinels;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Networks;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A node publishes all the time, two handle it as a group, one follows it, and meanwhile the server with the topic is
 * replaced.
 */
@Tag("slow")
class DurableFailoverFaultIT {

    private static final Topic<Integer> WORK = Topic.of("work", Integer.class);
    private static final int FAILOVERS = Integer.getInteger("failovers", 1); // the long form has 50
    private static final int SLOT_MOVES = Integer.getInteger("durable.slot.moves", 2);
    private static final int EVENTS = 150; // that a replica is behind
    private static final long WINDOW_NANOS = SECONDS.toNanos(8); // a publisher repairs ten seconds

    private final Set<Integer> stored = ConcurrentHashMap.newKeySet(); // as their publisher was told
    private final Map<Integer, Queue<Position>> innocent = new ConcurrentHashMap<>(); // that cannot have run before
    private final Map<Integer, Queue<Position>> handled = new ConcurrentHashMap<>();
    private final Set<Integer> followed = ConcurrentHashMap.newKeySet();
    private final AtomicLong repaired = new AtomicLong();
    private final Map<String, Long> lost = new ConcurrentHashMap<>(); // by reader; by nobody: for all of them
    private final Queue<String> doubled = new ConcurrentLinkedQueue<>(); // a position, or from one to another
    private final List<Bus> nodes = new ArrayList<>();
    private long longestBehind; // from when a replica had everything until its master was killed
    private volatile boolean publishing = true;
    private @Nullable Thread publisher;

    private final BusListener listener = new BusListener() {
        @Override
        public void onRepaired(String topic, long events) {
            repaired.addAndGet(events);
        }

        @Override
        public void onLost(String topic, String reader, long events, String which) {
            lost.merge(reader, events, Long::sum);
        }

        @Override
        public void onDoubled(String topic, String group, String position) {
            doubled.add(position);
        }
    };

    @AfterEach
    void close() throws Exception {
        stopPublishing();
        nodes.forEach(Bus::close);
    }

    private void stopPublishing() throws Exception {
        publishing = false;
        Thread begun = publisher;
        if (begun != null) {
            begun.join();
        }
    }

    private DurableTopic<Integer> node(Supplier<Transport> network) {
        Bus bus = Bus.builder(network.get()).prefix("fail").listener(listener).build();
        nodes.add(bus);
        return DurableTopics.on(bus).topic(WORK, Retention.forDays(1));
    }

    private void begin(Supplier<Transport> network) throws Exception {
        for (int i = 0; i < 2; i++) {
            GroupOptions options = GroupOptions.defaults().withConcurrency(4);
            node(network)
                    .subscribe("g", options, (event, delivery) -> {
                        if (!delivery.mayHaveRun()) {
                            add(innocent, event.data(), delivery.position());
                        }
                        add(handled, event.data(), delivery.position());
                    })
                    .ready()
                    .get(20, SECONDS);
        }
        node(network)
                .follow(Position.EARLIEST, (event, position) -> followed.add(event.data()))
                .ready()
                .get(20, SECONDS);
        DurableTopic<Integer> work = node(network);
        Thread thread = new Thread(() -> {
            for (int i = 0; publishing; i++) {
                int number = i;
                work.publish(number, PublishOptions.defaults().withTimeout(Duration.ofMinutes(1)))
                        .thenRun(() -> stored.add(number));
                try {
                    Thread.sleep(1); // the pace at which the program has something to say
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
        publisher = thread;
        thread.start();
        awaitStored(100);
    }

    private static void add(Map<Integer, Queue<Position>> starts, int number, Position at) {
        starts.computeIfAbsent(number, none -> new ConcurrentLinkedQueue<>()).add(at);
    }

    private void awaitStored(int more) {
        int until = stored.size() + more;
        await().atMost(40, SECONDS).until(() -> stored.size() >= until);
    }

    /**
     * All that its publisher was told to be stored was handled, followed, or told to be lost; and nothing twice in
     * silence.
     */
    private void assertNothingIsMissing(String fault) throws Exception {
        stopPublishing();
        await().atMost(40, SECONDS).until(() -> missing(handled.keySet()).size() <= lost("g"));
        await().atMost(40, SECONDS).until(() -> missing(followed).size() <= lost("a follower"));
        long again =
                handled.values().stream().filter(starts -> starts.size() > 1).count();
        System.out.println("[fault] " + fault + ": stored " + stored.size() + ", repaired " + repaired + ", lost "
                + lost + ", handled again " + again + ", reported as doubled " + doubled);
        if (longestBehind < WINDOW_NANOS) {
            assertEquals(Set.of(), missing(handled.keySet()));
            assertEquals(Set.of(), missing(followed));
            assertEquals(Map.of(), lost);
        }
        innocent.values()
                .removeIf(starts -> starts.size() < 2 || starts.stream().anyMatch(this::isReported));
        assertEquals(Map.of(), innocent, () -> "handled twice, and reported: " + doubled);
    }

    /** What a node has acknowledged together is reported together. */
    private boolean isReported(Position start) {
        return doubled.stream()
                .map(reported -> reported.split(" to "))
                .anyMatch(ends -> start.compareTo(Position.parse(ends[0])) >= 0
                        && start.compareTo(Position.parse(ends[ends.length - 1])) <= 0);
    }

    private long lost(String reader) {
        return lost.getOrDefault(reader, 0L) + lost.getOrDefault("", 0L);
    }

    private Set<Integer> missing(Set<Integer> there) {
        return stored.stream().filter(number -> !there.contains(number)).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void whatAFailoverToALaggingReplicaHasLostIsRepaired() throws Exception {
        try (RedisSentinels redis = RedisSentinels.start(1)) {
            begin(() -> Networks.connect(redis));
            for (int i = 0; i < FAILOVERS; i++) {
                redis.awaitReady();
                awaitStored(100);
                RedisServer master = redis.master();
                long behind = System.nanoTime();
                redis.awaitReplicated();
                redis.replicas().get(0).command("REPLICAOF", "NO", "ONE");
                awaitStored(EVENTS);
                master.kill();
                longestBehind = Math.max(longestBehind, System.nanoTime() - behind);
                redis.awaitFailover(master);
                awaitStored(100);
                master.restart();
            }
            assertNothingIsMissing(FAILOVERS + " failovers");
            assertTrue(repaired.get() >= EVENTS, "no replica was behind");
            close();
        }
    }

    @Test
    void whatAKilledMasterOfAClusterHasLostIsRepaired() throws Exception {
        try (RedisCluster redis = RedisCluster.start(1)) {
            begin(() -> Networks.connect(redis));
            RedisServer master = redis.masterOf("fail:log:{work}");
            master.kill();
            redis.awaitFailover(master);
            awaitStored(100);
            assertNothingIsMissing("a master of a cluster was killed");
            close();
        }
    }

    @Test
    void nothingIsMissedWhileTheSlotOfTheTopicMoves() throws Exception {
        try (RedisCluster redis = RedisCluster.start(0)) {
            begin(() -> Networks.connect(redis));
            for (int i = 0; i < SLOT_MOVES; i++) {
                redis.moveSlot(redis.slot("fail:log:{work}"), redis.nodes().get(i % 3));
                awaitStored(500);
            }
            assertNothingIsMissing(SLOT_MOVES + " slot moves");
            close();
        }
    }
}
