package dev.omnibus.transport.redisson.connection;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.FaultProxy.Direction;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

/** What was asked and not answered yet when its connection ends. */
@WithRedis
class FailOnDisconnectIT {

    private final RedisServer redis;

    FailOnDisconnectIT(RedisServer redis) {
        this.redis = redis;
    }

    private static List<CompletableFuture<Long>> publish(RedissonTransport transport, boolean counted, String... to) {
        List<CompletableFuture<Long>> outcomes = new ArrayList<>();
        List<Publication> publications = new ArrayList<>();
        for (String channel : to) {
            CompletableFuture<Long> outcome = new CompletableFuture<>();
            outcomes.add(outcome);
            publications.add(new Publication(channel, new byte[] {'x'}, counted, new Publication.Outcome() {
                @Override
                public void published(long receivers, long patternSubscribers) {
                    outcome.complete(receivers);
                }

                @Override
                public void failed(TransportException failure) {
                    outcome.completeExceptionally(failure);
                }
            }));
        }
        transport.publish(publications);
        return outcomes;
    }

    /** Not by the time that an answer may take: until then nothing more is published on the channel. */
    @Test
    void itFailsWithTheEndOfTheConnectionAndTheNextOneIsSent() throws Exception {
        Set<String> heard = ConcurrentHashMap.newKeySet();
        BlockingQueue<TransportException> told = new LinkedBlockingQueue<>();
        try (FaultProxy proxy = FaultProxy.to(redis);
                RedissonTransport listening = RedissonTransport.connect(redis.url());
                RedissonTransport transport = RedissonTransport.connect(proxy.url())) {
            listening
                    .subscribePattern("lost.*", new FrameListener() {
                        @Override
                        public void onFrame(String channel, byte[] frame) {
                            heard.add(channel);
                        }

                        @Override
                        public void onInterrupted() {}
                    })
                    .get(20, SECONDS);
            // The script is known to Redis from here on.
            assertEquals(0L, publish(transport, true, "before").get(0).get(20, SECONDS));

            proxy.blackhole(Direction.TO_CLIENT);
            long begun = System.nanoTime();
            List<CompletableFuture<Long>> outcomes = new ArrayList<>();
            outcomes.addAll(publish(transport, false, "lost.plain"));
            outcomes.addAll(publish(transport, true, "lost.counted"));
            CompletableFuture<Long> lease = transport.renewLease("i", "k", new byte[] {'x'}, Duration.ofSeconds(1));
            outcomes.addAll(publish(transport, true, "lost.together", "lost.too")); // has the connection to itself
            await().atMost(20, SECONDS).until(() -> heard.size() == 4);
            proxy.pass();
            proxy.reset();
            boolean soon = System.nanoTime() - begun < RedissonSettings.ANSWER_TIMEOUT.toNanos() / 2;

            for (CompletableFuture<Long> outcome : outcomes) {
                outcome.whenComplete((count, failure) -> told.add((TransportException) failure));
            }
            for (int i = 0; i < outcomes.size(); i++) {
                TransportException failure = told.poll(20, SECONDS);
                assumeTrue(soon, "this machine was too slow");
                assertEquals(Kind.CONNECTION_LOST, failure.kind());
                assertFalse(failure.notSent(), failure::getMessage);
                assertTrue(String.valueOf(failure.getMessage()).contains(" broke during "), failure::getMessage);
            }
            assertTrue(lease.handle((version, failure) -> String.valueOf(failure))
                    .get(20, SECONDS)
                    .contains(" broke during "));
            assertEquals(1L, publish(transport, false, "lost.next").get(0).get(20, SECONDS));
        }
    }
}
