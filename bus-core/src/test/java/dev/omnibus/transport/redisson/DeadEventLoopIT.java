package dev.omnibus.transport.redisson;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Queues;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** A lack of memory can end the one thread that reads and writes. */
@WithRedis
class DeadEventLoopIT {

    private final RedisServer redis;

    DeadEventLoopIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void listsOfRedisTakeTheOtherOneAsWell() throws Exception {
        AtomicReference<EventLoopGroup> loop = new AtomicReference<>();
        byte[] message = {1, 2, 3};
        try (Transport transport = RedissonTransport.connect(Hooks.telling(redis.url(), loop));
                Queues queues = transport.queues()) {
            CompletableFuture<Optional<byte[]>> waits = queues.take("dead-loop", Duration.ofMinutes(1));
            EventLoopGroup before = requireNonNull(loop.get());
            before.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            await().atMost(20, SECONDS).until(before::isTerminated);
            ExecutionException dead = assertThrows(
                    ExecutionException.class,
                    () -> queues.push("dead-loop", message).get(20, SECONDS));
            assertInstanceOf(TransportException.class, dead.getCause());

            transport.reconnect().get(20, SECONDS);
            ExecutionException ended = assertThrows(ExecutionException.class, () -> waits.get(20, SECONDS));
            assertInstanceOf(TransportException.class, ended.getCause());
            queues.push("dead-loop", message).get(20, SECONDS);
            assertArrayEquals(
                    message,
                    queues.take("dead-loop", Duration.ofSeconds(20))
                            .get(20, SECONDS)
                            .orElseThrow());
        }
    }

    @Test
    void anotherOneTakesItsPlace() throws Exception {
        AtomicReference<EventLoopGroup> loop = new AtomicReference<>();
        List<BusState> states = new CopyOnWriteArrayList<>();
        List<String> interrupted = new CopyOnWriteArrayList<>();
        List<String> heard = new CopyOnWriteArrayList<>();
        try (Bus bus = Bus.builder(RedissonTransport.connect(Hooks.telling(redis.url(), loop)))
                        .listener(new BusListener() {
                            @Override
                            public void onState(BusState state) {
                                states.add(state);
                            }

                            @Override
                            public void onInterrupted(String topic) {
                                interrupted.add(topic);
                            }
                        })
                        .build();
                Bus other = Bus.connect(redis.url())) {
            bus.subscribe("t", String.class, event -> heard.add(event.data()))
                    .ready()
                    .get(20, SECONDS);
            for (int round = 1; round <= 2; round++) {
                int rounds = round;
                EventLoopGroup before = requireNonNull(loop.get());
                before.shutdownGracefully(0, 0, TimeUnit.SECONDS); // as an error ends it
                await().atMost(20, SECONDS).until(() -> loop.get() != before && bus.state() == BusState.UP);
                await().atMost(20, SECONDS).until(() -> interrupted.size() >= rounds);
                assertEquals(1L, other.publish("t", "after " + round).get(20, SECONDS));
                await().atMost(20, SECONDS).until(() -> heard.contains("after " + rounds));
                assertEquals(1L, bus.publish("t", "own " + round).get(20, SECONDS));
            }
            assertTrue(states.containsAll(List.of(BusState.DOWN, BusState.UP)), states::toString);
        }
        assertTrue(requireNonNull(loop.get()).isShuttingDown());
    }
}
