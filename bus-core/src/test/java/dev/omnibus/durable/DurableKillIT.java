package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A consumer that is paused, as a process of its own; {@link DurableProcessFaultIT} kills them. */
@Tag("slow")
class DurableKillIT {

    private static final Topic<Integer> WORK = Topic.of("work", Integer.class);
    private static final Retention KEPT = Retention.untilAcknowledged();

    private static RedisServer redis;

    private final List<NodeProcess> nodes = new ArrayList<>();
    private final String prefix = "kill-" + System.nanoTime();
    private Bus bus;
    private DurableTopic<Integer> work;

    /** Says what it does, a line for each. */
    static final class Worker {

        private Worker() {}

        /** The address, the prefix, and how long its handler takes. */
        public static void main(String[] arguments) {
            long millis = Long.parseLong(arguments[2]);
            Bus bus = Bus.builder(arguments[0])
                    .prefix(arguments[1])
                    .connectWithin(Duration.ofMinutes(1)) // the machine may be busy
                    .build();
            GroupOptions options = GroupOptions.defaults().withConcurrency(4).withWindow(64, 1 << 20);
            DurableTopics.on(bus)
                    .topic(WORK, KEPT)
                    .subscribe("g", options, (event, delivery) -> {
                        System.out.println("start " + event.data() + " " + delivery.mayHaveRun());
                        Thread.sleep(millis);
                        System.out.println("end " + event.data());
                    })
                    .ready()
                    .join();
            System.out.println("ready");
        }
    }

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @BeforeEach
    void open() {
        bus = Bus.builder(redis.url()).prefix(prefix).build();
        work = DurableTopics.on(bus).topic(WORK, KEPT);
    }

    @AfterEach
    void close() {
        nodes.forEach(NodeProcess::close);
        bus.close();
    }

    private NodeProcess worker(long millis) {
        NodeProcess node = NodeProcess.start(Worker.class, redis.url(), prefix, String.valueOf(millis));
        nodes.add(node);
        return node;
    }

    private void publish(int events) throws Exception {
        for (int i = 0; i < events - 1; i++) {
            work.publish(i);
        }
        work.publish(events - 1).get(20, SECONDS);
    }

    private List<String> lines() {
        return nodes.stream().flatMap(NodeProcess::lines).toList();
    }

    private Set<Integer> ended() {
        return lines().stream()
                .filter(line -> line.startsWith("end "))
                .map(line -> Integer.valueOf(line.substring(4)))
                .collect(Collectors.toSet());
    }

    private void awaitAll(int events) {
        await().atMost(60, SECONDS).until(() -> ended().size() == events);
    }

    /** Starts that neither say that it may have run before nor are the first: as many as there are reports of them. */
    private long unreported() {
        Map<String, Integer> innocent = new HashMap<>();
        lines().stream()
                .filter(line -> line.startsWith("start ") && line.endsWith(" false"))
                .forEach(line -> innocent.merge(line, 1, Integer::sum));
        return innocent.values().stream().filter(starts -> starts > 1).count();
    }

    @Test
    void aPausedNodeStartsNothingThatWasTakenOverAndWhatRanTwiceSaysSo() throws Exception {
        NodeProcess paused = worker(50);
        paused.awaitLine("ready"::equals);
        publish(60);
        paused.awaitLine(line -> line.startsWith("end"));
        paused.pause();
        worker(1);
        awaitAll(60);
        long startedBefore = starts(paused);
        paused.resume();
        work.publish(60).get(20, SECONDS);
        awaitAll(61);
        await().until(() -> work.status().get(5, SECONDS).groups().get(0).pending() == 0);
        assertTrue(starts(paused) <= startedBefore + 1, "it started more than the last one: " + lines());
        assertEquals(0, unreported());
    }

    /** Of what cannot have run before: it may take over something in its turn, where the machine is slow. */
    private static long starts(NodeProcess node) {
        return node.lines()
                .filter(line -> line.startsWith("start") && line.endsWith(" false"))
                .count();
    }
}
