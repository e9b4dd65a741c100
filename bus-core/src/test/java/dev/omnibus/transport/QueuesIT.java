package dev.omnibus.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.memory.InMemoryNetwork;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@WithRedis
class QueuesIT {

    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final byte[] ONE = "one".getBytes(UTF_8);
    private static final byte[] TWO = "two".getBytes(UTF_8);

    private final String list = "{test-" + UUID.randomUUID() + "}";
    private final String other = list + ":other";
    private final RedisServer redis;
    private final Transport transport;
    private final Queues queues;

    QueuesIT(RedisServer redis) {
        this.redis = redis;
        transport = RedissonTransport.connect(redis.url());
        queues = transport.queues();
    }

    @AfterEach
    void close() {
        redis.command("DEL", list, other);
        queues.close();
        transport.close();
    }

    @Test
    void whatWasPushedFirstIsTakenFirst() {
        queues.push(list, ONE).join();
        queues.push(list, TWO).join();

        assertArrayEquals(ONE, queues.take(list, WAIT).join().orElseThrow());
        assertArrayEquals(TWO, queues.take(list, WAIT).join().orElseThrow());
    }

    @Test
    void whoWaitsGetsWhatIsPushedLater() {
        CompletableFuture<Optional<byte[]>> taken = queues.take(list, WAIT);
        queues.push(list, ONE, WAIT).join();

        assertArrayEquals(ONE, taken.join().orElseThrow());
        assertEquals(0L, redis.command("EXISTS", list));
    }

    @Test
    void aWaitEndsWithNothing() {
        assertEquals(Optional.empty(), queues.take(list, Duration.ofMillis(1)).join());
        assertEquals(
                Optional.empty(), queues.move(list, other, Duration.ofMillis(1)).join());
    }

    @Test
    void whatIsMovedStaysInTheOtherListUntilItIsRemovedOnce() {
        queues.push(list, ONE).join();

        assertArrayEquals(ONE, queues.move(list, other, WAIT).join().orElseThrow());
        assertArrayEquals(ONE, queues.all(other).join().get(0));
        assertTrue(queues.remove(other, ONE).join());
        assertFalse(queues.remove(other, ONE).join());
    }

    @Test
    void whatIsMovedBackIsFirstAgain() {
        queues.push(list, ONE).join();
        queues.push(list, TWO).join();
        queues.move(list, other, WAIT).join();

        assertTrue(queues.moveBack(other, list).join());
        assertFalse(queues.moveBack(other, list).join());
        assertEquals(List.of("one", "two"), redis.command("LRANGE", list, "0", "-1"));
    }

    @Test
    void onlyANewListGetsALife() {
        queues.push(list, ONE, WAIT).join();
        assertNotEquals(-1L, redis.command("PTTL", list));

        queues.push(other, ONE).join();
        queues.push(other, TWO, WAIT).join();
        assertEquals(-1L, redis.command("PTTL", other));
    }

    @Test
    void aCancelledWaitTakesNothing() {
        CompletableFuture<Optional<byte[]>> waiting = queues.take(list, Duration.ofMinutes(1));
        await().atMost(WAIT).until(() -> blocked() == 1);
        waiting.cancel(true);
        await().atMost(WAIT).until(() -> blocked() == 0);

        queues.push(list, ONE).join();
        assertArrayEquals(ONE, queues.take(list, WAIT).join().orElseThrow());
    }

    private long blocked() {
        return String.valueOf(redis.command("CLIENT", "LIST"))
                .lines()
                .filter(client -> client.contains(" cmd=blpop ") && client.contains(" flags=b"))
                .count();
    }

    @Test
    void whatIsNoListIsRefused() {
        redis.command("SET", list, "no list");
        CompletionException refused = assertThrows(
                CompletionException.class, () -> queues.push(list, ONE).join());
        assertEquals(
                TransportException.Kind.REFUSED,
                assertInstanceOf(TransportException.class, refused.getCause()).kind());
    }

    @Test
    void closingEndsEveryWait() {
        CompletableFuture<Optional<byte[]>> waiting = queues.take(list, Duration.ofMinutes(1));
        queues.close();
        assertInstanceOf(
                TransportException.class,
                assertThrows(CompletionException.class, waiting::join).getCause());
        assertThrows(CompletionException.class, () -> queues.take(list, WAIT).join());
    }

    @Test
    void closingOnAnInterruptedThreadLeavesItInterrupted() {
        Thread.currentThread().interrupt();
        queues.close();
        assertTrue(Thread.interrupted());
    }

    @Test
    void theMemoryHasNone() {
        try (Transport memory = new InMemoryNetwork().open()) {
            assertThrows(UnsupportedOperationException.class, memory::queues);
        }
    }
}
