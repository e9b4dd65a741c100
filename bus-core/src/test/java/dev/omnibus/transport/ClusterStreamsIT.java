package dev.omnibus.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.Streams.Append;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.redisson.cluster.ClusterCountsIT;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Scanner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
@WithRedis
class ClusterStreamsIT extends StreamsContract {

    private final RedisCluster redis;

    ClusterStreamsIT(RedisCluster redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        Transport connected = Networks.connect(redis);
        assertTrue(connected.shard(channel -> channel.contains(":evt:"))); // frames have to go where their channel is
        return connected;
    }

    @Override
    void pass(Duration time) {
        RedisStreamsIT.pass(owner(), keys, time);
    }

    @Override
    void forget() {
        RedisStreamsIT.delete(owner(), keys);
    }

    private RedisServer owner() {
        return redis.masterOf(keys.log());
    }

    @Test
    void aSlotThatMovesLosesAndDoublesNothing() {
        openGroup(SETTINGS);
        takeOver(a);
        RedisServer before = owner();
        RedisServer after = redis.nodes().stream()
                .filter(node -> node != before)
                .findFirst()
                .orElseThrow();
        CompletableFuture<Void> move = CompletableFuture.runAsync(() -> redis.moveSlot(redis.slot(keys.log()), after));
        List<String> expected = new ArrayList<>();
        List<String> handled = new ArrayList<>();
        List<StreamId> acknowledged = new ArrayList<>();
        for (int i = 1; !move.isDone() || i < 200; i++) {
            Append append = append(i, false, "e" + i);
            expected.add("e" + i);
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> answered(() -> streams.append(keys, append)));
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> answered(() -> streams.takeOver(a, LEASE, 10, true)));
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() ->
                            answered(() -> streams.turn(a, acknowledged, 10).thenApply(turn -> {
                                handled.addAll(texts(turn.entries()));
                                acknowledged.clear();
                                acknowledged.addAll(ids(turn.entries()));
                                return turn;
                            })));
        }
        move.join();
        assertEquals(
                expected,
                texts(streams.range(keys, StreamId.EARLIEST, 100_000).join().entries()));
        assertEquals(expected, handled);
        assertEquals(after, owner());
    }

    /** Unless a program shards its channels, a subscriber is at any server. */
    @Test
    void whatIsAppendedOneByOneAndInBatchesIsHeardInOrderAtEachServer() throws Exception {
        while (redis.masterOf(keys.events()) == owner()) { // at one server there is but one order
            takeAnotherStream();
        }
        open(SETTINGS);
        List<Socket> subscribers = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        try (Transport plain = Networks.connect(redis);
                Streams there = plain.streams()) {
            for (RedisServer server : redis.nodes()) {
                subscribers.add(ClusterCountsIT.subscribe(server, keys.events()));
            }
            for (int first = 1; first < 300; first += 3) {
                there.append(keys, framed(first, 2)).join();
                there.append(keys, framed(first + 2, 1)).join();
                expected.addAll(List.of("<" + first + ">", "<" + (first + 2) + ">"));
            }
            for (Socket subscriber : subscribers) {
                subscriber.setSoTimeout(10_000);
                Scanner frames = new Scanner(subscriber.getInputStream(), UTF_8);
                List<String> heard = expected.stream()
                        .map(any -> frames.findWithinHorizon("<\\d+>", 0))
                        .toList();
                assertEquals(expected, heard);
            }
        } finally {
            for (Socket subscriber : subscribers) {
                subscriber.close();
            }
        }
    }

    private Append framed(int first, int count) {
        byte[] frame = ("<" + first + ">").getBytes(UTF_8);
        return new Append(epoch, "p", first, false, false, Collections.nCopies(count, frame), frame, Optional.empty());
    }

    /** A script that uses several keys has to wait until all of them have moved. */
    private static boolean answered(Supplier<CompletableFuture<?>> question) {
        try {
            question.get().join();
            return true;
        } catch (CompletionException e) {
            TransportException failure = assertInstanceOf(TransportException.class, e.getCause());
            assertTrue(failure.kind() == Kind.NOT_READY && failure.notSent(), () -> String.valueOf(failure));
            return false;
        }
    }
}
