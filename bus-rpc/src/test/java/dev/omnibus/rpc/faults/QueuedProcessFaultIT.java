package dev.omnibus.rpc.faults;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.ConnectionException;
import dev.omnibus.rpc.CallQueue;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.QueueOptions;
import dev.omnibus.rpc.Queued;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Callers, servers and Redis, all processes of their own, are killed, paused and cut off at random under load. */
@Tag("slow")
@EnabledOnOs({OS.LINUX, OS.MAC})
class QueuedProcessFaultIT {

    private static final int FAULTS = Integer.getInteger("queued.faults", 3); // the long form has 300
    private static final long SEED = Long.getLong("seed", System.nanoTime());
    private static final int MAX_PAUSE_MILLIS = FAULTS < 10 ? 5_000 : 9_000; // around the four seconds of a lease
    private static final String FORGOTTEN = "Redis does not know it";

    interface Work {

        String once(String id, int millis) throws InterruptedException;

        @Idempotent
        String often(String id, int millis) throws InterruptedException;
    }

    private final Random random = new Random(SEED);
    private final List<NodeProcess> callers = new ArrayList<>(); // those that run, like the next one
    private final List<NodeProcess> servers = new ArrayList<>();
    private final List<NodeProcess> all = new ArrayList<>();
    private RedisServer redis;

    /** Enqueues until it is killed, and says what it does and learns. */
    static final class Calling {

        private Calling() {}

        /** The address, and a name of its own. */
        public static void main(String[] arguments) throws InterruptedException {
            Bus bus = open(arguments[0]);
            QueueOptions options = QueueOptions.defaults().withRetention(Duration.ofHours(12));
            RpcClient client = RpcClient.on(bus);
            CallQueue<Work> plain = client.queue(Work.class, options);
            CallQueue<Work> later = client.queue(Work.class, options.withDelay(Duration.ofMillis(700)));
            Semaphore window = new Semaphore(400); // a server that is away for long must not be buried in work
            for (int i = 0; ; i++) {
                window.acquire();
                String id = arguments[1] + "-" + i;
                int millis = i % 40 == 0 ? 2_500 : i % 30;
                Queued<String> call = switch (i % 5) {
                    case 0 -> keyed(client, options, id, millis);
                    case 1 -> later.enqueue(work -> work.once(id, millis));
                    case 2 -> plain.enqueue(work -> work.often(id, millis));
                    case 3 -> later.enqueue(work -> work.often(id, millis));
                    default -> plain.enqueue(work -> work.once(id, millis));
                };
                System.out.println("asked " + call.id() + " " + id);
                call.enqueued().thenRun(() -> System.out.println("stored " + call.id()));
                call.result().whenComplete((value, failure) -> {
                    System.out.println("ended " + call.id() + " " + outcome(value, failure));
                    window.release();
                });
                TimeUnit.MILLISECONDS.sleep(15); // the pace at which it has something to do
            }
        }

        /** Its id is known before it is enqueued. */
        private static Queued<String> keyed(RpcClient client, QueueOptions options, String id, int millis) {
            System.out.println("asked work.once:" + id + " " + id);
            return client.queue(Work.class, options.withKey(id)).enqueue(work -> work.once(id, millis));
        }
    }

    /** Redis may stand still just now, for longer than a bus waits for it at its beginning. */
    private static Bus open(String url) {
        while (true) {
            try {
                return Bus.builder(url).connectWithin(Duration.ofMinutes(1)).build();
            } catch (ConnectionException e) {
                System.out.println("not yet: " + e.getMessage());
            }
        }
    }

    private static String outcome(@Nullable String value, @Nullable Throwable failure) {
        if (failure == null) {
            return String.valueOf(value);
        }
        return failure instanceof RpcException e
                ? e.reason() + " executed=" + !e.notExecuted() + " " + e.getMessage()
                : failure.toString();
    }

    /** Takes calls until it is killed, and says what it begins. */
    static final class Serving implements Work {

        private Serving() {}

        /** The address. */
        public static void main(String[] arguments) {
            Bus bus = open(arguments[0]);
            ServiceOptions options =
                    ServiceOptions.defaults().withConcurrency(8).withQueued();
            boolean isReady = false;
            while (!isReady) { // Redis may be killed just now
                isReady = RpcServer.on(bus)
                        .serve(Work.class, new Serving(), options)
                        .ready()
                        .handle((done, failure) -> failure == null)
                        .join();
            }
            System.out.println("ready");
        }

        @Override
        public String once(String id, int millis) throws InterruptedException {
            System.out.println("begun " + id);
            TimeUnit.MILLISECONDS.sleep(millis); // stands for work that takes its time
            return "done " + id;
        }

        @Override
        public String often(String id, int millis) throws InterruptedException {
            return once(id, millis);
        }
    }

    @BeforeEach
    void start() {
        redis = RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
        server();
        server();
        server();
        servers.forEach(node -> node.awaitLine("ready"::equals));
        caller();
        caller();
    }

    @AfterEach
    void close() {
        all.forEach(NodeProcess::close);
        redis.close();
    }

    private void caller() {
        NodeProcess node = NodeProcess.start(Calling.class, redis.url(), "c" + all.size());
        callers.add(node);
        all.add(node);
    }

    private void server() {
        NodeProcess node = NodeProcess.start(Serving.class, redis.url());
        servers.add(node);
        all.add(node);
    }

    private void letItGoOn(int leastMillis, int mostMillis) throws InterruptedException {
        MILLISECONDS.sleep(leastMillis + random.nextInt(mostMillis - leastMillis));
    }

    private void pause(NodeProcess node) throws InterruptedException {
        node.pause();
        letItGoOn(100, MAX_PAUSE_MILLIS);
        node.resume();
    }

    private void fault() throws InterruptedException {
        switch (random.nextInt(11)) {
            case 0, 1, 2 -> {
                servers.remove(random.nextInt(servers.size())).kill();
                server();
            }
            case 3, 4 -> pause(servers.get(random.nextInt(servers.size())));
            case 5, 6 -> {
                callers.remove(random.nextInt(callers.size())).kill();
                caller();
            }
            case 7 -> pause(callers.get(random.nextInt(callers.size())));
            case 8 -> {
                redis.kill();
                redis.restart();
            }
            case 9 -> {
                redis.pause();
                letItGoOn(100, 4_000);
                redis.resume();
            }
            default -> redis.command("CLIENT", "KILL", "TYPE", random.nextBoolean() ? "normal" : "pubsub");
        }
    }

    @Test
    void everyCallHasOneOutcomeThatAllWhoAskAreToldAndNoneIsExecutedTwice() throws Exception {
        System.out.println("[fault] queued calls: " + FAULTS + " faults, seed " + SEED);
        callers.forEach(node -> node.awaitLine(line -> line.startsWith("ended")));
        for (int i = 0; i < FAULTS; i++) {
            fault();
            letItGoOn(100, 1_500);
            all.stream()
                    .filter(node -> callers.contains(node) || servers.contains(node))
                    .forEach(node -> assertTrue(node.isAlive(), () -> node + " has ended: " + said(List.of(node), "")));
        }
        callers.forEach(NodeProcess::kill);
        Map<String, String> asked = new HashMap<>(); // what each was asked for, by the id of the call
        said(all, "asked ").forEach(line -> asked.put(line.split(" ", 2)[0], line.split(" ", 2)[1]));
        Map<String, String> found = found(asked.keySet());
        Map<String, Integer> begun = new HashMap<>();
        said(all, "begun ").forEach(id -> begun.merge(id, 1, Integer::sum));
        System.out.println("[fault] queued calls: asked " + asked.size() + ", begun "
                + begun.values().stream().mapToInt(Integer::intValue).sum() + ", " + kinds(found));
        assertEquals(List.of(), wrong(asked, found, begun));
        assertNothingStays();
    }

    /** What another process learns by the ids alone. */
    private Map<String, String> found(Set<String> ids) throws Exception {
        Map<String, String> found = new HashMap<>();
        try (Bus bus = Bus.builder(redis.url()).build()) {
            RpcClient client = RpcClient.on(bus);
            Map<String, CompletableFuture<String>> outcomes = new HashMap<>();
            ids.forEach(id ->
                    outcomes.put(id, client.queued(id, String.class).result().handle(QueuedProcessFaultIT::outcome)));
            CompletableFuture.allOf(outcomes.values().toArray(CompletableFuture[]::new))
                    .get(3, TimeUnit.MINUTES);
            outcomes.forEach((id, outcome) -> found.put(id, outcome.join()));
        }
        return found;
    }

    private static Map<String, Integer> kinds(Map<String, String> outcomes) {
        Map<String, Integer> kinds = new TreeMap<>();
        outcomes.values()
                .forEach(outcome -> kinds.merge(
                        outcome.contains(FORGOTTEN) ? "forgotten" : outcome.split(" ", 2)[0], 1, Integer::sum));
        return kinds;
    }

    private List<String> wrong(Map<String, String> asked, Map<String, String> found, Map<String, Integer> begun) {
        Set<String> stored = new HashSet<>(said(all, "stored "));
        Map<String, List<String>> ended = new HashMap<>(); // as their callers were told
        said(all, "ended ")
                .forEach(line -> ended.computeIfAbsent(line.split(" ", 2)[0], any -> new ArrayList<>())
                        .add(line.split(" ", 2)[1]));
        List<String> wrong = new ArrayList<>();
        asked.forEach((call, id) -> {
            String outcome = Objects.requireNonNull(found.get(call));
            int times = begun.getOrDefault(id, 0);
            boolean forgotten = outcome.contains(FORGOTTEN);
            boolean good = (times <= 1 || call.startsWith("work.often"))
                    && (!forgotten || (times == 0 && !stored.contains(call) && !ended.containsKey(call)))
                    && (!outcome.startsWith("done") || (times > 0 && outcome.equals("done " + id)))
                    && (!outcome.contains("executed=false") || times == 0)
                    && (outcome.startsWith("done") || outcome.startsWith("NODE_LOST") || outcome.startsWith("FAULT"))
                    && ended.getOrDefault(call, List.of(outcome)).stream().allMatch(told -> isSame(told, outcome));
            if (!good) {
                wrong.add(call + " begun " + times + ", stored " + stored.contains(call) + ", told "
                        + ended.getOrDefault(call, List.of()) + ", found " + outcome);
            }
        });
        return wrong;
    }

    /** The texts say how long each of them has waited. */
    private static boolean isSame(String told, String found) {
        return told.startsWith("done") ? told.equals(found) : told.split(" ", 2)[0].equals(found.split(" ", 2)[0]);
    }

    private void assertNothingStays() {
        await().atMost(20, TimeUnit.SECONDS).until(() -> isEmpty("once") && isEmpty("often"));
        for (Object key : (List<?>) Objects.requireNonNull(redis.command("KEYS", "*"))) {
            assertNotEquals(-1L, redis.command("PTTL", String.valueOf(key)), key::toString); // or it has just ended
        }
    }

    private boolean isEmpty(String method) {
        String queue = "bus:queue:{work." + method + "}";
        return Objects.equals(redis.command("XLEN", queue), 0L)
                && Objects.equals(redis.command("ZCARD", queue + ":later"), 0L);
    }

    private static List<String> said(List<NodeProcess> nodes, String what) {
        return nodes.stream()
                .flatMap(NodeProcess::lines)
                .filter(line -> line.startsWith(what))
                .map(line -> line.substring(what.length()))
                .toList();
    }
}
