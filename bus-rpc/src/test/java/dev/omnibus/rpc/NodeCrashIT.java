package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.faults.Patiently;
import dev.omnibus.testing.RedisServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Real nodes in processes of their own, and a real Redis. */
class NodeCrashIT {

    interface Work {
        String work(int millis) throws InterruptedException;
    }

    /** Much longer than it takes to know that a node is dead. */
    private static final CallOptions PATIENT = CallOptions.defaults().withTimeout(Duration.ofSeconds(30));

    private static RedisServer redis;

    private final String prefix = "crash-" + UUID.randomUUID();

    /** A node in its own process: serves until it is killed, or its input ends. */
    static final class NodeProcess {

        private NodeProcess() {}

        public static void main(String[] arguments) throws Exception {
            try (Bus bus = Patiently.open(() -> Bus.builder(arguments[0])
                    .prefix(arguments[1])
                    .name(arguments[2])
                    .build())) {
                serve(bus);
                while (System.in.read() >= 0) {}
            }
        }
    }

    private static void serve(Bus bus) {
        Work work = millis -> {
            TimeUnit.MILLISECONDS.sleep(millis); // stands for work that takes its time
            return bus.node();
        };
        RpcServer.on(bus).serve(Work.class, work).ready().join();
    }

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Test
    void everyCallEndsAlthoughANodeIsKilledAndNothingStaysInRedis() throws Exception {
        Process node = start("doomed");
        try (Bus survivor =
                        Bus.builder(redis.url()).prefix(prefix).name("survivor").build();
                Bus caller =
                        Bus.builder(redis.url()).prefix(prefix).name("caller").build()) {
            serve(survivor);
            RpcClient client = RpcClient.on(caller);
            await().atMost(20, SECONDS)
                    .until(() -> Insides.serving(client.runtime().directory().nodes())
                                    .size()
                            == 2);
            List<CompletableFuture<Object>> calls = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                calls.add(client.call("work.work", String.class, PATIENT, 700)
                        .handle((value, e) -> e == null ? value : e));
            }
            await().atMost(20, SECONDS).until(() -> calls.stream().anyMatch(CompletableFuture::isDone));

            node.destroyForcibly().waitFor();

            CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new)).get(40, SECONDS);
            int lost = 0;
            for (CompletableFuture<Object> call : calls) {
                if (!(call.join() instanceof String)) {
                    RpcException e = assertInstanceOf(RpcException.class, call.join());
                    assertEquals(Reason.NODE_LOST, e.reason(), e::getMessage);
                    lost++;
                }
            }
            assertTrue(lost > 0, "the killed node had calls to do");
            for (int i = 0; i < 50; i++) {
                assertEquals(
                        survivor.node(),
                        client.call("work.work", String.class, PATIENT, 0).join());
            }
            assertEquals(0, client.runtime().pending().size());
        } finally {
            node.destroyForcibly();
        }
        await().atMost(20, SECONDS)
                .untilAsserted(() -> assertEquals(List.of(), redis.command("PUBSUB", "CHANNELS", prefix + "*")));
        await().atMost(20, SECONDS)
                .until(() -> !String.valueOf(redis.command("KEYS", prefix + ":node:*"))
                        .contains("node"));
        for (Object key : (List<?>) answer("KEYS", prefix + "*")) {
            assertTrue((Long) answer("PTTL", String.valueOf(key)) > 0, () -> key + " does not expire");
        }
    }

    @Test
    void callsGoOnAfterRedisHasForgottenAllItsKeys() throws Exception {
        try (Bus server = Bus.builder(redis.url()).prefix(prefix).build();
                Bus caller = Bus.builder(redis.url()).prefix(prefix).build()) {
            serve(server);
            RpcClient client = RpcClient.on(caller);
            CompletableFuture<String> running = client.call("work.work", String.class, PATIENT, 3_000);
            await().until(() -> client.runtime().pending().size() == 1);

            redis.command("FLUSHALL");

            for (int i = 0; i < 100; i++) {
                assertEquals(
                        server.node(),
                        client.call("work.work", String.class, PATIENT, 0).get(30, SECONDS));
                client.runtime().directory().refresh().get(20, SECONDS);
            }
            assertEquals(server.node(), running.get(30, SECONDS));
        }
    }

    private static Object answer(String... command) {
        return Objects.requireNonNull(redis.command(command));
    }

    private Process start(String name) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new ProcessBuilder(
                        java,
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        NodeProcess.class.getName(),
                        redis.url(),
                        prefix,
                        name)
                .inheritIO()
                .redirectInput(ProcessBuilder.Redirect.PIPE)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
