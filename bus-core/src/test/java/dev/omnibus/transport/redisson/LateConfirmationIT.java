package dev.omnibus.transport.redisson;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.FrameListener;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** Redis confirms a subscription that nobody waits for any more. */
@WithRedis
class LateConfirmationIT {

    private final RedisServer redis;
    private final List<String> heard = new CopyOnWriteArrayList<>();
    private final FrameListener listener = new FrameListener() {
        @Override
        public void onFrame(String channel, byte[] frame) {
            heard.add(channel);
        }

        @Override
        public void onInterrupted() {}
    };

    LateConfirmationIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void itIsUndoneAndTheNameCanBeSubscribedAgain() throws Exception {
        try (FaultProxy proxy = FaultProxy.to(redis);
                RedissonTransport transport = RedissonTransport.connect(proxy.url())) {
            transport.subscribe("before", listener).get(20, SECONDS);
            proxy.stall(Direction.TO_CLIENT);
            CompletableFuture<Void> exact = transport.subscribe("late", listener);
            CompletableFuture<Void> pattern = transport.subscribePattern("late.*", listener);
            assertThrows(ExecutionException.class, () -> exact.get(30, SECONDS));
            assertThrows(ExecutionException.class, () -> pattern.get(30, SECONDS));

            proxy.pass(); // the answers of Redis arrive now

            await().atMost(20, SECONDS)
                    .until(() -> List.of("before").equals(redis.command("PUBSUB", "CHANNELS")) && patterns() == 0);
            redis.command("PUBLISH", "late", "frame");
            transport.subscribe("late", listener).get(20, SECONDS);
            redis.command("PUBLISH", "late", "frame");
            await().atMost(20, SECONDS).until(() -> !heard.isEmpty());
            assertEquals(List.of("late"), heard);
            transport.unsubscribe("late").get(20, SECONDS);
            transport.unsubscribe("before").get(20, SECONDS);
            await().atMost(20, SECONDS).until(() -> transport.heldSubscriptions() == 0);
        }
    }

    private long patterns() {
        return Long.parseLong(String.valueOf(redis.command("PUBSUB", "NUMPAT")));
    }
}
