package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * SIGTERM ends three applications one after the other, while they are called, and a fourth one takes their place. Calls
 * are begun at a steady rate, however long others take: {@code -Drolling.rate=1000} of them in a second.
 */
@Tag("slow")
@WithRedis
class RollingRestartIT {

    private static final int RATE = Integer.getInteger("rolling.rate", 200);
    private static final int TICK_MILLIS = 10;

    private final List<NodeProcess> nodes = new ArrayList<>();

    private NodeProcess start(RedisServer redis, Path folder) {
        Path journal = folder.resolve("journal" + nodes.size());
        NodeProcess node = NodeProcess.start(
                RollingApplication.class,
                "--omnibus.url=" + redis.url(),
                "--journal=" + journal,
                "--spring.main.banner-mode=off",
                "--spring.main.web-application-type=none");
        nodes.add(node);
        return node;
    }

    private static void terminate(NodeProcess node) {
        ProcessHandle.of(node.pid()).orElseThrow().destroy(); // SIGTERM
        await().atMost(Duration.ofSeconds(30)).until(() -> !node.isAlive());
    }

    @Test
    void noCallIsLostOrExecutedTwice(RedisServer redis, @TempDir Path folder, TestReporter report) throws Exception {
        AtomicInteger begun = new AtomicInteger();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        Queue<Integer> answered = new ConcurrentLinkedQueue<>();
        ScheduledExecutorService caller = Executors.newSingleThreadScheduledExecutor();
        try (Bus bus = Bus.connect(redis.url())) {
            List<NodeProcess> three = List.of(start(redis, folder), start(redis, folder), start(redis, folder));
            three.forEach(node -> node.awaitLine("ready"::equals));
            RpcClient client = RpcClient.on(bus);
            Runnable calls = () -> {
                for (int i = 0; i < RATE * TICK_MILLIS / 1_000; i++) {
                    client.call("journal.add", Integer.class, begun.incrementAndGet())
                            .whenComplete((entry, failure) -> {
                                if (failure == null) {
                                    answered.add(entry);
                                } else {
                                    failures.add(failure);
                                }
                            });
                }
            };
            ScheduledFuture<?> unused = caller.scheduleAtFixedRate(calls, 0, TICK_MILLIS, TimeUnit.MILLISECONDS);
            NodeProcess fourth = start(redis, folder);
            await().until(() -> answered.size() > 100);
            terminate(three.get(0));
            fourth.awaitLine("ready"::equals);
            terminate(three.get(1));
            terminate(three.get(2));
            int before = answered.size();
            await().until(() -> answered.size() > before + 100); // the fourth one alone
            caller.shutdown(); // and with it what is repeated
            assertThat(caller.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
            await().until(() -> answered.size() + failures.size() == begun.get());
            terminate(fourth);
        } finally {
            caller.shutdownNow();
            nodes.forEach(NodeProcess::close);
        }
        report.publishEntry("calls", begun.toString());
        assertThat(failures).as("of %s calls", begun).isEmpty();
        List<String> executed = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            executed.addAll(Files.readAllLines(folder.resolve("journal" + i)));
        }
        assertThat(executed).doesNotHaveDuplicates();
        assertThat(executed)
                .containsExactlyInAnyOrderElementsOf(
                        answered.stream().map(String::valueOf).toList());
    }
}
