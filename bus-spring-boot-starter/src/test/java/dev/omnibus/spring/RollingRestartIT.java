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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SIGTERM ends three applications one after the other, while they are called, and a fourth one takes their place. */
@WithRedis
class RollingRestartIT {

    private static final int CALLERS = 8;

    private final List<NodeProcess> nodes = new ArrayList<>();

    private NodeProcess start(RedisServer redis, Path folder) {
        Path journal = folder.resolve("journal" + nodes.size());
        NodeProcess node = NodeProcess.start(
                RollingApplication.class,
                "--omnibus.url=" + redis.url(),
                "--journal=" + journal,
                "--spring.main.banner-mode=off");
        nodes.add(node);
        return node;
    }

    private static void terminate(NodeProcess node) {
        ProcessHandle.of(node.pid()).orElseThrow().destroy(); // SIGTERM
        await().atMost(Duration.ofSeconds(30)).until(() -> !node.isAlive());
    }

    @Test
    void noCallIsLostOrExecutedTwice(RedisServer redis, @TempDir Path folder) throws Exception {
        AtomicInteger next = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        Queue<Integer> answered = new ConcurrentLinkedQueue<>();
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        try (Bus bus = Bus.connect(redis.url())) {
            List<NodeProcess> three = List.of(start(redis, folder), start(redis, folder), start(redis, folder));
            three.forEach(node -> node.awaitLine("ready"::equals));
            RollingApplication.Journal journal = RpcClient.on(bus).proxy(RollingApplication.Journal.class);
            for (int i = 0; i < CALLERS; i++) {
                callers.execute(() -> {
                    while (!over.get()) {
                        try {
                            answered.add(journal.add(next.incrementAndGet()));
                        } catch (Exception e) {
                            failures.add(e);
                        }
                    }
                });
            }
            NodeProcess fourth = start(redis, folder);
            await().until(() -> answered.size() > 100);
            terminate(three.get(0));
            fourth.awaitLine("ready"::equals);
            terminate(three.get(1));
            terminate(three.get(2));
            int before = answered.size();
            await().until(() -> answered.size() > before + 100); // the fourth one alone
            over.set(true);
            callers.shutdown();
            assertThat(callers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
            terminate(fourth);
        } finally {
            callers.shutdownNow();
            nodes.forEach(NodeProcess::close);
        }
        assertThat(failures).isEmpty();
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
