package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Publishers, consumers and Redis, all processes of their own, are killed, paused and cut off at random under load. */
@Tag("slow")
class DurableProcessFaultIT {

    private static final Topic<String> WORK = Topic.of("work", String.class);
    private static final Topic<String> PARTED = Topic.of("parted", String.class);
    private static final Partitions<String> FOUR = Partitions.by(4, DurableProcessFaultIT::keyOf);
    private static final int FAULTS = Integer.getInteger("durable.faults", 4); // the long form has 300
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    private final Random random = new Random(SEED);
    private final List<NodeProcess> publishers = new ArrayList<>(); // those that run, like the next one
    private final List<NodeProcess> consumers = new ArrayList<>();
    private final List<NodeProcess> all = new ArrayList<>();
    private RedisServer redis;

    /** Publishes until it is killed, and says what Redis has confirmed. */
    static final class Publishing {

        private Publishing() {}

        /** The address, and a name of its own. */
        public static void main(String[] arguments) throws InterruptedException {
            Bus bus = Bus.builder(arguments[0])
                    .connectWithin(Duration.ofMinutes(1))
                    .build();
            DurableTopic<String> work = DurableTopics.on(bus).topic(WORK, Retention.untilAcknowledged());
            DurableTopic<String> parted = DurableTopics.on(bus).topic(PARTED, Retention.untilAcknowledged(), FOUR);
            PublishOptions options = PublishOptions.defaults().withTimeout(Duration.ofMinutes(5));
            for (int i = 0; ; i++) {
                String event = arguments[1] + "-" + i;
                work.publish(event, options).thenRun(() -> System.out.println("stored " + event));
                parted.publish(event, options).thenRun(() -> System.out.println("parted " + event));
                TimeUnit.MILLISECONDS.sleep(4); // the pace at which it has something to say
            }
        }
    }

    /** Handles what comes, and says so. */
    static final class Consuming {

        private Consuming() {}

        /** The address. */
        public static void main(String[] arguments) {
            Bus bus = Bus.builder(arguments[0])
                    .connectWithin(Duration.ofMinutes(1))
                    .build();
            GroupOptions options = GroupOptions.defaults().withConcurrency(4).withWindow(64, 1 << 20);
            DurableTopic<String> work = DurableTopics.on(bus).topic(WORK, Retention.untilAcknowledged());
            work.subscribe("g", options, (event, delivery) -> {
                        System.out.println("start " + event.data() + " " + delivery.mayHaveRun());
                        System.out.println("end " + event.data());
                    })
                    .ready()
                    .join();
            work.subscribe("o", options.withSingleActiveConsumer(), (event, delivery) -> {
                        System.out.println("ordered " + event.data() + " " + System.nanoTime()); // of all processes
                    })
                    .ready()
                    .join();
            DurableTopic<String> parted = DurableTopics.on(bus).topic(PARTED, Retention.untilAcknowledged(), FOUR);
            parted.subscribe("p", options.withSingleActiveConsumer(), (event, delivery) -> {
                        System.out.println("part " + event.data() + " " + System.nanoTime());
                        System.out.println("parts " + event.data() + " " + delivery.mayHaveRun());
                    })
                    .ready()
                    .join();
            System.out.println("ready");
        }
    }

    @BeforeEach
    void start() {
        redis = RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
        publisher();
        publisher();
        consumer();
        consumer();
        consumer();
    }

    @AfterEach
    void close() {
        all.forEach(NodeProcess::close);
        redis.close();
    }

    private void publisher() {
        NodeProcess node = NodeProcess.start(Publishing.class, redis.url(), "p" + all.size());
        publishers.add(node);
        all.add(node);
    }

    private void consumer() {
        NodeProcess node = NodeProcess.start(Consuming.class, redis.url());
        consumers.add(node);
        all.add(node);
    }

    private void letItGoOn(int leastMillis, int mostMillis) throws InterruptedException {
        MILLISECONDS.sleep(leastMillis + random.nextInt(mostMillis - leastMillis));
    }

    private void fault() throws InterruptedException {
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> {
                consumers.remove(random.nextInt(consumers.size())).kill();
                consumer();
            }
            case 3, 4 -> {
                NodeProcess paused = consumers.get(random.nextInt(consumers.size()));
                paused.pause();
                letItGoOn(100, 8_000); // around the three seconds of a lease
                paused.resume();
            }
            case 5, 6 -> {
                publishers.remove(random.nextInt(publishers.size())).kill();
                publisher();
            }
            case 7 -> {
                redis.kill();
                redis.restart();
            }
            case 8 -> {
                redis.pause();
                letItGoOn(100, 4_000);
                redis.resume();
            }
            default -> redis.command("CLIENT", "KILL", "TYPE", random.nextBoolean() ? "normal" : "pubsub");
        }
    }

    @Test
    void nothingThatWasStoredIsLostAndNothingIsStartedTwiceInSilenceOrOutOfOrder() throws Exception {
        System.out.println("[fault] durable topics: " + FAULTS + " faults, seed " + SEED);
        consumers.forEach(node -> node.awaitLine("ready"::equals));
        publishers.forEach(node -> node.awaitLine(line -> line.startsWith("stored")));
        for (int i = 0; i < FAULTS; i++) {
            fault();
            letItGoOn(100, 2_000);
            consumers.forEach(DurableProcessFaultIT::assertRuns);
            publishers.forEach(DurableProcessFaultIT::assertRuns);
        }
        publishers.forEach(NodeProcess::kill);
        Set<String> stored = said("stored ");
        await().atMost(120, SECONDS)
                .pollInterval(1, SECONDS)
                .until(() -> said("end ").containsAll(stored));
        await().atMost(120, SECONDS)
                .pollInterval(1, SECONDS)
                .until(() -> firstStarts("ordered ").keySet().containsAll(stored)
                        && firstStarts("part ").keySet().containsAll(said("parted ")));
        Map<String, Integer> starts = new HashMap<>();
        said(all, "start ").forEach(line -> starts.merge(line, 1, Integer::sum));
        said(all, "parts ").forEach(line -> starts.merge("of a partition " + line, 1, Integer::sum));
        List<String> silent = starts.entrySet().stream()
                .filter(start -> start.getKey().endsWith(" false") && start.getValue() > 1)
                .map(Map.Entry::getKey)
                .toList();
        System.out.println("[fault] durable topics: stored " + stored.size() + ", started "
                + starts.values().stream().mapToInt(Integer::intValue).sum() + ", of these said to be started again "
                + starts.keySet().stream()
                        .filter(line -> line.endsWith(" true"))
                        .count());
        assertEquals(List.of(), silent);
        assertEquals(List.of(), outOfOrder("ordered ", event -> event.split("-", 2)[0]));
        assertEquals(List.of(), outOfOrder("part ", DurableProcessFaultIT::keyOf));
    }

    /** Each publisher has eight keys, in different partitions. */
    private static String keyOf(String event) {
        String[] words = event.split("-", 2);
        return words[0] + "-" + Integer.parseInt(words[1]) % 8;
    }

    /** Of a group with single active consumers: when each event was started for the first time. */
    private Map<String, Long> firstStarts(String of) {
        Map<String, Long> starts = new HashMap<>();
        for (String line : said(all, of)) {
            String[] words = line.split(" ", 2);
            starts.merge(words[0], Long.parseLong(words[1]), Math::min);
        }
        return starts;
    }

    /** What was started before an event of the same line that was published earlier. */
    private List<String> outOfOrder(String of, UnaryOperator<String> lineOf) {
        List<String> wrong = new ArrayList<>();
        Map<String, Integer> last = new HashMap<>(); // of each line
        firstStarts(of).entrySet().stream().sorted(Map.Entry.comparingByValue()).forEach(start -> {
            String line = lineOf.apply(start.getKey());
            int number = Integer.parseInt(start.getKey().split("-", 2)[1]);
            if (last.getOrDefault(line, -1) > number) {
                wrong.add(start.getKey());
            }
            last.merge(line, number, Math::max);
        });
        return wrong;
    }

    private static void assertRuns(NodeProcess node) {
        assertTrue(
                node.isAlive(),
                () -> node + " has ended: "
                        + node.lines()
                                .filter(line -> !line.startsWith("start ")
                                        && !line.startsWith("end ")
                                        && !line.startsWith("ordered ")
                                        && !line.startsWith("part")
                                        && !line.startsWith("stored "))
                                .toList());
    }

    private Set<String> said(String what) {
        return new HashSet<>(said(all, what));
    }

    private static List<String> said(List<NodeProcess> nodes, String what) {
        return nodes.stream()
                .flatMap(NodeProcess::lines)
                .filter(line -> line.startsWith(what))
                .map(line -> line.substring(what.length()))
                .toList();
    }
}
