package dev.omnibus.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.FrameListener;
import dev.omnibus.transport.Leases;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** A broadcast whose number of receivers comes late, or is wrong. */
class BroadcastCountTest extends PlayedNodes {

    private final List<Runnable> held = new CopyOnWriteArrayList<>();

    private RpcClient client(boolean hold, LongUnaryOperator count) {
        Bus bus = Bus.builder(new Counting(network.open(), hold, count, held))
                .name("caller")
                .heartbeat(Duration.ofMillis(100))
                .build();
        open.add(bus);
        return RpcClient.on(bus);
    }

    @Test
    void answersThatComeBeforeTheCountAreKept() {
        serving("a");
        serving("b");
        RpcClient client = client(true, count -> count);
        CompletableFuture<Replies<String>> asking =
                client.question("echo.say", String.class, "x").askAsync();
        await().until(() -> held.size() == 1);
        assertFalse(asking.isDone());

        held.forEach(Runnable::run);

        Replies<String> replies = asking.join();
        assertEquals(Set.of("a", "b"), Set.copyOf(replies.orThrow()));
    }

    @Test
    void theFirstValuesEndItBeforeTheCountIsThere() {
        serving("a");
        RpcClient client = client(true, count -> count);

        assertEquals(
                List.of("a"),
                client.question("echo.say", String.class, "x")
                        .until(Until.first(1))
                        .ask()
                        .orThrow());
        held.forEach(Runnable::run); // or closing would wait for it
    }

    @Test
    void ofCountsThatAreNotTrustedNothingIsConcluded() {
        serving("a");
        lease(network.open(), "dead");
        RpcClient client = client(false, count -> 0); // also of its own beats, which arrive all the same
        await().until(() -> !client.channels().countsTrusted());

        Replies<String> replies =
                client.question("echo.say", String.class, "x").with(within(500)).ask();

        assertEquals(List.of("a"), replies.values());
        assertEquals(Map.of("dead", Reason.TIMEOUT), replies.missing());
    }

    @Test
    void aCountThatIsTooHighCostsASecondAndIsSaid() {
        serving("a");
        RpcClient client = client(false, count -> count + 1);

        Replies<String> replies = client.question("echo.say", String.class, "x")
                .with(within(20_000))
                .ask();

        assertEquals(List.of("a"), replies.values());
        assertEquals(1, replies.missingUnnamed());
        assertFalse(replies.isComplete());
        assertTrue(replies.elapsed().toMillis() < 10_000, replies::toString);
    }

    /** A transport that tells the counts of questions late, or changes all counts. */
    private record Counting(Transport link, boolean hold, LongUnaryOperator count, List<Runnable> held)
            implements Transport {

        @Override
        public void publish(List<Publication> publications) {
            link.publish(publications.stream().map(this::changed).toList());
        }

        private Publication changed(Publication sent) {
            boolean question = sent.channel().equals("bus:rpc:echo.say");
            return new Publication(sent.channel(), sent.frame(), sent.counted(), new Publication.Outcome() {
                @Override
                public void published(long receivers, boolean exact) {
                    Runnable tell = () -> sent.outcome().published(count.applyAsLong(receivers), exact);
                    if (hold && question) {
                        held.add(tell);
                    } else {
                        tell.run();
                    }
                }

                @Override
                public void failed(TransportException failure) {
                    sent.outcome().failed(failure);
                }
            });
        }

        @Override
        public CompletableFuture<Void> subscribe(String channel, FrameListener listener) {
            return link.subscribe(channel, listener);
        }

        @Override
        public CompletableFuture<Void> subscribePattern(String glob, FrameListener listener) {
            return link.subscribePattern(glob, listener);
        }

        @Override
        public CompletableFuture<Void> unsubscribe(String channelOrGlob) {
            return link.unsubscribe(channelOrGlob);
        }

        @Override
        public CompletableFuture<Void> reconnect() {
            return link.reconnect();
        }

        @Override
        public CompletableFuture<Long> renewLease(String index, String key, byte[] value, Duration ttl) {
            return link.renewLease(index, key, value, ttl);
        }

        @Override
        public CompletableFuture<Void> endLease(String index, String key) {
            return link.endLease(index, key);
        }

        @Override
        public CompletableFuture<Leases> leases(String index, long since) {
            return link.leases(index, since);
        }

        @Override
        public void close() {
            link.close();
        }
    }
}
