package dev.omnibus.transport.redisson.connection;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.redisson.config.Config;

class ReconnectTurnsTest {

    private static Config server(String host) {
        Config config = new Config();
        config.useSingleServer().setAddress("redis://" + host + ":6379");
        return config;
    }

    @Test
    void whoWaitsForADeadServerHoldsUpOnlyThoseWhoConnectToTheSame() throws Exception {
        CountDownLatch begun = new CountDownLatch(4);
        CompletableFuture<Void> end = new CompletableFuture<>();
        List<Thread> waiting = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread thread = new Thread(() -> ReconnectTurns.run(server("dead"), () -> true, () -> {
                begun.countDown();
                end.join();
            }));
            thread.start();
            waiting.add(thread);
        }
        try {
            assertTrue(begun.await(10, SECONDS));
            AtomicInteger asked = new AtomicInteger();
            assertFalse(ReconnectTurns.run(server("dead"), () -> asked.incrementAndGet() < 2, () -> fail("no turn")));
            assertTrue(ReconnectTurns.run(server("other"), () -> true, () -> {}));
        } finally {
            end.complete(null);
            for (Thread thread : waiting) {
                thread.join();
            }
        }
        assertTrue(ReconnectTurns.run(server("dead"), () -> true, () -> {}));
    }
}
