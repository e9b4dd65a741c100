package dev.omnibus.transport.redisson;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Queues;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Lists of a Redis that is away: what is asked of them fails at once with its type, and works when it is back. */
class LateListsIT {

    private static final byte[] MESSAGE = "one".getBytes(UTF_8);
    private static final Duration WAIT = Duration.ofSeconds(20);

    private final RedisServer redis = RedisServer.start();

    @AfterEach
    void end() {
        redis.close();
    }

    @Test
    void theyCanBeOpenedBeforeTheirTransportHasConnectedAndStandWhenItHas() throws Exception {
        redis.kill();
        try (Transport transport = RedissonTransport.connectLater(redis.url(), RedissonOptions.defaults());
                Queues queues = transport.queues()) {
            assertNoConnection(queues.push("list", MESSAGE));
            assertNoConnection(queues.take("list", WAIT));
            redis.restart();
            assertNoConnection(queues.push("list", MESSAGE)); // nobody has asked the transport to connect
            transport.reconnect().get(20, SECONDS);
            assertWork(queues);
        }
    }

    @Test
    void theyCanBeOpenedWhileRedisIsAwayAndWorkWhenItIsBack() throws Exception {
        try (Transport transport = RedissonTransport.connect(redis.url())) {
            redis.kill();
            try (Queues queues = transport.queues()) {
                assertNoConnection(queues.push("list", MESSAGE));
                redis.restart();
                await().atMost(20, SECONDS)
                        .until(() -> queues.push("list", MESSAGE)
                                .handle((done, failure) -> failure == null)
                                .get(20, SECONDS));
                redis.command("DEL", "list");
                assertWork(queues);
            }
        }
    }

    @Test
    void aRefusalIsThrownWhereTheyAreOpened() {
        redis.command("ACL", "SETUSER", "shop", "on", ">pw", "+@all", "~*", "&*");
        try (Transport transport = RedissonTransport.connect("redis://shop:pw@127.0.0.1:" + redis.port())) {
            redis.command("ACL", "SETUSER", "shop", "resetpass", ">other");
            assertEquals(
                    Kind.REFUSED,
                    assertThrows(TransportException.class, transport::queues).kind());
        }
    }

    @Test
    void connectionsThatAreHalfOpenAreReplacedWithThoseOfTheTransport() throws Exception {
        try (FaultProxy proxy = FaultProxy.to(redis);
                Transport transport = RedissonTransport.connect(proxy.url());
                Queues queues = transport.queues()) {
            CompletableFuture<Optional<byte[]>> waits = queues.take("list", Duration.ofMinutes(1));
            assertWork(queues, "other");
            proxy.blackhole(Direction.BOTH);
            CompletableFuture<Void> lost = queues.push("other", MESSAGE);
            assertThrows(ExecutionException.class, () -> lost.get(20, SECONDS));
            proxy.pass();
            transport.reconnect().get(20, SECONDS);

            ExecutionException e = assertThrows(ExecutionException.class, () -> waits.get(20, SECONDS));
            assertInstanceOf(TransportException.class, e.getCause());
            assertWork(queues, "other");
        }
    }

    private static void assertWork(Queues queues) throws Exception {
        assertWork(queues, "list");
    }

    private static void assertWork(Queues queues, String list) throws Exception {
        queues.push(list, MESSAGE).get(20, SECONDS);
        assertArrayEquals(MESSAGE, queues.take(list, WAIT).get(20, SECONDS).orElseThrow());
    }

    private static void assertNoConnection(CompletableFuture<?> asked) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> asked.get(20, SECONDS));
        TransportException failure = assertInstanceOf(TransportException.class, e.getCause());
        assertEquals(Kind.CONNECTION_LOST, failure.kind());
        assertTrue(failure.notSent());
    }
}
