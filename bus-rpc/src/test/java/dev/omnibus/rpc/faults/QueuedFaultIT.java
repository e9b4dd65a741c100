package dev.omnibus.rpc.faults;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallQueue;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.QueueOptions;
import dev.omnibus.rpc.Queued;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Queued calls whose servers and callers are killed, in processes of their own. */
@Tag("slow")
class QueuedFaultIT {

    interface Work {

        String once(String id, int millis) throws InterruptedException;

        /** Ends when the file {@code released} is beside the journals. */
        String held(String id) throws InterruptedException;

        @Idempotent
        String often(String id, int millis) throws InterruptedException;

        @Idempotent
        void kill(String id);
    }

    /** Writes down what it begins, so that it is known after its death. */
    private record Worker(Path journal) implements Work {

        @Override
        public String once(String id, int millis) throws InterruptedException {
            write(id);
            TimeUnit.MILLISECONDS.sleep(millis); // stands for work that takes its time
            return "done " + id;
        }

        @Override
        public String held(String id) throws InterruptedException {
            write(id);
            while (!Files.exists(journal.resolveSibling("released"))) {
                TimeUnit.MILLISECONDS.sleep(20);
            }
            return "done " + id;
        }

        @Override
        public String often(String id, int millis) throws InterruptedException {
            return once(id, millis);
        }

        @Override
        public void kill(String id) {
            write(id);
            Runtime.getRuntime().halt(1);
        }

        private synchronized void write(String id) {
            try {
                Files.writeString(journal, id + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** A process that serves until it is killed, or its input ends. */
    static final class Server {

        private Server() {}

        public static void main(String[] arguments) throws Exception {
            try (Bus bus = Patiently.open(
                    () -> Bus.builder(arguments[0]).prefix(arguments[1]).build())) {
                Path journal = Path.of(arguments[2]).resolve(bus.node());
                RpcServer.on(bus)
                        .serve(
                                Work.class,
                                new Worker(journal),
                                ServiceOptions.defaults().withConcurrency(8).withQueued())
                        .ready()
                        .join();
                System.out.println("ready");
                while (System.in.read() >= 0) {}
            }
        }
    }

    /** A process that enqueues calls, says their ids, and waits for results until it is killed. */
    static final class Caller {

        private Caller() {}

        public static void main(String[] arguments) throws Exception {
            try (Bus bus = Patiently.open(
                    () -> Bus.builder(arguments[0]).prefix(arguments[1]).build())) {
                CallQueue<Work> queue = RpcClient.on(bus).queue(Work.class);
                for (int i = 0; i < 20; i++) {
                    String id = "caller " + i;
                    Queued<String> call = queue.enqueue(work -> work.once(id, 1));
                    call.enqueued().join();
                    System.out.println(call.id());
                }
                while (System.in.read() >= 0) {}
            }
        }
    }

    private static RedisServer redis;

    private final String prefix = "queued-" + UUID.randomUUID();
    private final List<Process> processes = new ArrayList<>();

    @TempDir
    Path journals;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @AfterEach
    void endProcesses() {
        processes.forEach(Process::destroyForcibly);
    }

    private Process start(Class<?> main) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(
                        java,
                        "-Xmx64m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName(),
                        redis.url(),
                        prefix,
                        journals.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        processes.add(process);
        return process;
    }

    /** How often each call was begun. */
    private Map<String, Integer> begun() throws IOException {
        Map<String, Integer> begun = new HashMap<>();
        try (Stream<Path> files = Files.list(journals)) {
            for (Path file : files.filter(file -> !file.endsWith("released")).toList()) {
                Files.readAllLines(file).forEach(id -> begun.merge(id, 1, Integer::sum));
            }
        }
        return begun;
    }

    @Test
    void killsOfServersLoseNoCallAndDoubleNone() throws Exception {
        start(Server.class);
        start(Server.class);
        try (Bus bus = Bus.builder(redis.url()).prefix(prefix).build()) {
            CallQueue<Work> queue = RpcClient.on(bus).queue(Work.class);
            Map<String, CompletableFuture<Object>> outcomes = new HashMap<>();
            for (int i = 0; i < 60; i++) {
                String once = "once " + i;
                String often = "often " + i;
                outcomes.put(once, outcome(queue.enqueue(work -> work.once(once, 400))));
                outcomes.put(often, outcome(queue.enqueue(work -> work.often(often, 400))));
            }
            for (int i = 0;
                    i < 12;
                    i++) { // more than one server can have, fewer than both: each that is killed had some
                String held = "once held " + i;
                outcomes.put(held, outcome(queue.enqueue(work -> work.held(held))));
            }
            await().atMost(40, SECONDS)
                    .until(() -> begun().keySet().stream()
                                    .filter(id -> id.startsWith("once held"))
                                    .count()
                            == 12);
            Queued<Void> poison = queue.enqueueVoid(work -> work.kill("poison"));
            while (!poison.result().isDone()) { // it kills one server after the other
                if (processes.stream().filter(Process::isAlive).count() < 2) {
                    start(Server.class);
                }
                outcome(poison)
                        .completeOnTimeout("not yet", 200, TimeUnit.MILLISECONDS)
                        .join();
            }
            Files.createFile(journals.resolve("released"));
            CompletableFuture.allOf(outcomes.values().toArray(CompletableFuture[]::new))
                    .get(60, SECONDS);

            RpcException poisoned =
                    assertInstanceOf(RpcException.class, outcome(poison).join());
            assertEquals(Reason.FAULT, poisoned.reason());
            assertTrue(String.valueOf(poisoned.getMessage()).contains("begun 3 times"), poisoned::getMessage);
            Map<String, Integer> begun = begun();
            assertEquals(3, begun.get("poison"));
            int lost = 0;
            for (Map.Entry<String, CompletableFuture<Object>> call : outcomes.entrySet()) {
                int times = begun.getOrDefault(call.getKey(), 0);
                if (call.getValue().join() instanceof RpcException e) {
                    assertEquals(Reason.NODE_LOST, e.reason(), e::getMessage);
                    assertFalse(e.notExecuted());
                    assertTrue(call.getKey().startsWith("once"), call::getKey);
                    lost++;
                } else {
                    assertEquals("done " + call.getKey(), call.getValue().join());
                    assertTrue(times >= 1, call::getKey);
                }
                assertTrue(times <= 1 || call.getKey().startsWith("often"), () -> call.getKey() + " ran " + times);
            }
            assertTrue(lost > 0, "those that were killed had calls to do");
        }
        for (String method : List.of("once", "held", "often", "kill")) {
            assertEquals(0L, redis.command("XLEN", prefix + ":queue:{work." + method + "}"));
        }
        for (Object key : (List<?>) Objects.requireNonNull(redis.command("KEYS", prefix + ":queue*"))) {
            assertNotEquals(-1L, redis.command("PTTL", String.valueOf(key)), key::toString); // or it has just ended
        }
    }

    /** A process with little memory that enqueues more than it may keep in mind. */
    static final class Hoarder {

        private Hoarder() {}

        public static void main(String[] arguments) {
            try (Bus bus = Bus.builder(arguments[0]).prefix(arguments[1]).build()) {
                CallQueue<Work> queue = RpcClient.on(bus).queue(Work.class);
                String large = "x".repeat(20_000);
                for (int i = 0; ; i++) {
                    String id = large + i;
                    Queued<String> call = queue.enqueue(work -> work.often(id, 0)); // may have to be enqueued again
                    Object failure =
                            call.enqueued().handle((done, why) -> (Object) why).join();
                    if (failure instanceof RpcException e) {
                        System.out.println("refused " + e.reason() + " " + e.notExecuted() + " after " + i);
                        return;
                    }
                }
            }
        }
    }

    @Test
    void aCallerKeepsLimitedBytesOfRequestsThatItMayHaveToEnqueueAgain() {
        try (NodeProcess caller = NodeProcess.start(List.of("-Xmx64m"), Hoarder.class, redis.url(), prefix)) {
            String refused = caller.awaitLine(line -> line.startsWith("refused"));
            assertTrue(refused.startsWith("refused OVERLOADED true after "), refused);
            int kept = Integer.parseInt(refused.substring(refused.lastIndexOf(' ') + 1));
            assertTrue(kept > 100 && kept < 1_000, refused);
        }
    }

    @Test
    void theLastServerThatDiesEndsWhatItHadAndNotWhatWaits() throws Exception {
        Process server = start(Server.class);
        try (Bus bus = Bus.builder(redis.url()).prefix(prefix).build();
                Bus other = Bus.builder(redis.url()).prefix(prefix).build()) {
            CallQueue<Work> queue = RpcClient.on(bus).queue(Work.class);
            List<Queued<String>> calls = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                String id = "held " + i;
                Queued<String> call = queue.enqueue(work -> work.held(id));
                call.enqueued().get(20, SECONDS);
                calls.add(call);
            }
            await().atMost(40, SECONDS).until(() -> begun().size() == 8); // as many as it may run
            server.destroyForcibly().waitFor();
            String leases = prefix + ":queue:{work.held}:live";
            for (Object node : (List<?>) Objects.requireNonNull(redis.command("ZRANGE", leases, "0", "-1"))) {
                if (!String.valueOf(node).isEmpty()) {
                    redis.command("ZADD", leases, "-1", String.valueOf(node)); // as if it were long ago
                }
            }
            RpcClient client = RpcClient.on(other);
            for (int i = 0; i < 8; i++) {
                Object lost =
                        outcome(client.queued(calls.get(i).id(), String.class)).get(30, SECONDS);
                assertEquals(
                        Reason.NODE_LOST,
                        assertInstanceOf(RpcException.class, lost).reason());
                assertInstanceOf(RpcException.class, outcome(calls.get(i)).get(30, SECONDS));
            }
            assertFalse(calls.get(8).result().isDone());
            Files.createFile(journals.resolve("released"));
            start(Server.class);
            assertEquals("done held 8", calls.get(8).result().get(40, SECONDS));
            assertEquals("done held 9", calls.get(9).result().get(40, SECONDS));
        }
        assertTrue(begun().values().stream().allMatch(times -> times == 1), () -> "executed twice");
    }

    @Test
    void whileRedisHasNoMemoryCallsAreRefusedAndWhatWasThereEnds() throws Exception {
        try (Bus server = Bus.builder(redis.url()).prefix(prefix).build();
                Bus caller = Bus.builder(redis.url()).prefix(prefix).build()) {
            RpcServer.on(server)
                    .serve(
                            Work.class,
                            new Worker(journals.resolve("server")),
                            ServiceOptions.defaults().withConcurrency(1).withQueued())
                    .ready()
                    .join();
            CallQueue<Work> queue = RpcClient.on(caller).queue(Work.class);
            Queued<String> held = queue.enqueue(work -> work.held("held"));
            Queued<String> waiting = queue.enqueue(work -> work.once("waiting", 1));
            await().atMost(20, SECONDS).until(() -> begun().containsKey("held"));
            waiting.enqueued().get(20, SECONDS);
            redis.command("CONFIG", "SET", "maxmemory", "1000");
            try {
                Object refused =
                        outcome(queue.enqueue(work -> work.once("refused", 1))).get(20, SECONDS);
                RpcException full = assertInstanceOf(RpcException.class, refused);
                assertEquals(Reason.OVERLOADED, full.reason(), full::getMessage);
                assertTrue(full.notExecuted());
                Files.createFile(journals.resolve("released"));
                assertEquals("done held", held.result().get(20, SECONDS));
                assertEquals("done waiting", waiting.result().get(20, SECONDS));
            } finally {
                redis.command("CONFIG", "SET", "maxmemory", "0");
            }
            assertEquals(
                    "done later",
                    queue.enqueue(work -> work.once("later", 1)).result().get(20, SECONDS));
        }
        assertEquals(Map.of("held", 1, "waiting", 1, "later", 1), begun());
    }

    private static CompletableFuture<Object> outcome(Queued<?> call) {
        return call.result().handle((value, e) -> e == null ? String.valueOf(value) : e);
    }

    @Test
    void aCallerThatIsKilledFindsItsResultsWhenItIsBack() throws Exception {
        Process caller = start(Caller.class);
        List<String> ids = new ArrayList<>();
        try (BufferedReader lines = caller.inputReader()) {
            for (int i = 0; i < 20; i++) {
                ids.add(Objects.requireNonNull(lines.readLine()));
            }
            caller.destroyForcibly().waitFor();
        }
        try (Bus server = Bus.builder(redis.url()).prefix(prefix).build();
                Bus again = Bus.builder(redis.url()).prefix(prefix).build()) {
            RpcServer.on(server)
                    .serve(
                            Work.class,
                            new Worker(journals.resolve("server")),
                            ServiceOptions.defaults().withQueued())
                    .ready()
                    .join();
            RpcClient client = RpcClient.on(again);
            for (int i = 0; i < 20; i++) {
                assertEquals(
                        "done caller " + i,
                        client.queued(ids.get(i), String.class).result().get(20, SECONDS));
            }
        }
        assertEquals(20, begun().size());
        assertTrue(begun().values().stream().allMatch(times -> times == 1));
    }

    @Test
    void connectionsThatAreCutLoseAndDoubleNothing() throws Exception {
        try (Bus server = Bus.builder(redis.url()).prefix(prefix).build();
                Bus caller = Bus.builder(redis.url()).prefix(prefix).build()) {
            RpcServer.on(server)
                    .serve(
                            Work.class,
                            new Worker(journals.resolve("server")),
                            ServiceOptions.defaults().withConcurrency(8).withQueued())
                    .ready()
                    .join();
            CallQueue<Work> queue = RpcClient.on(caller).queue(Work.class, QueueOptions.defaults());
            List<Queued<String>> calls = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                String id = "cut " + i;
                calls.add(queue.enqueue(work -> work.once(id, 2)));
                if (i % 60 == 30) {
                    redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
                }
            }
            for (int i = 0; i < 300; i++) {
                assertEquals("done cut " + i, calls.get(i).result().get(60, SECONDS));
            }
        }
        assertEquals(300, begun().size());
        assertTrue(begun().values().stream().allMatch(times -> times == 1), begun()::toString);
    }
}
