package dev.omnibus.transport;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisCluster;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.Outcomes.Published;
import dev.omnibus.transport.Outcomes.Recording;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A sharded channel under load, while its slot moves or its master is replaced: whoever is counted has received it. */
class ShardedFailoverIT {

    private static final int SLOT_MOVES = Integer.getInteger("slot.moves", 4);
    private static final long FAILED = -1;
    private static final long PAUSE_NANOS = 200_000; // so that there is no end of messages

    private final AtomicBoolean stopped = new AtomicBoolean();
    private final Map<Integer, Long> counts = new ConcurrentHashMap<>(); // by the number of the message
    private Thread load = new Thread(() -> {});

    @AfterEach
    void stop() throws InterruptedException {
        stopped.set(true);
        load.join(SECONDS.toMillis(10));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 16})
    void nothingIsLostOrDoubledAndEveryoneIsCountedWhileTheSlotMoves(int inFlight) throws Exception {
        try (RedisCluster redis = RedisCluster.start(0);
                Transport publisher = connect(redis);
                Transport first = connect(redis);
                Transport second = connect(redis)) {
            Recording one = subscribe(first);
            Recording other = subscribe(second);
            begin(publisher, inFlight);
            for (int i = 0; i < SLOT_MOVES; i++) {
                redis.moveSlot(redis.slot("c"), redis.nodes().get(i % 3));
                awaitMore(200);
            }
            end();

            List<String> sent = IntStream.range(0, counts.size())
                    .mapToObj(Integer::toString)
                    .toList();
            assertTrue(counts.values().stream().allMatch(count -> count == 2), counts::toString);
            await().until(() -> one.frames.size() >= sent.size() && other.frames.size() >= sent.size());
            assertEquals(sent, one.frames);
            assertEquals(sent, other.frames);
            assertEquals(0, one.interruptions + other.interruptions);
        }
    }

    @Test
    void whoeverIsNotCountedHasNotReceivedItWhileAReplicaTakesOverFromALivingMaster() throws Exception {
        try (RedisCluster redis = RedisCluster.start(1);
                Transport publisher = connect(redis);
                Transport subscriber = connect(redis)) {
            Recording heard = subscribe(subscriber);
            begin(publisher, 1);
            redis.failover(redis.masterOf("c"));
            awaitFlow();
            redis.failover(redis.masterOf("c"));
            awaitFlow();
            end();
            assertHonest(heard);
        }
    }

    @Test
    void messagesFlowAgainAfterAReplicaTookOverFromAKilledMasterAndTheGapIsReported() throws Exception {
        try (RedisCluster redis = RedisCluster.start(1);
                Transport publisher = connect(redis);
                Transport subscriber = connect(redis)) {
            Recording heard = subscribe(subscriber);
            begin(publisher, 1);
            RedisServer master = redis.masterOf("c");
            master.kill();
            redis.awaitFailover(master);
            awaitFlow();
            master.restart(); // as a replica, to which nobody must subscribe
            awaitMore(200);
            end();
            assertHonest(heard);
            assertTrue(heard.interruptions >= 1);
        }
    }

    private static Transport connect(RedisCluster redis) {
        Transport transport = Networks.connect(redis);
        assertTrue(transport.shard(channel -> true));
        return transport;
    }

    private static Recording subscribe(Transport transport) throws Exception {
        Recording recording = new Recording();
        transport.subscribe("c", recording).get(10, SECONDS);
        return recording;
    }

    private void begin(Transport publisher, int inFlight) {
        Semaphore places = new Semaphore(inFlight);
        load = new Thread(() -> {
            for (int i = 0; !stopped.get(); i++) {
                int number = i;
                places.acquireUninterruptibly();
                boolean counted = number % 2 == 0; // a zero says the same in both forms
                Outcomes.publish(publisher, "c", Integer.toString(number), counted)
                        .handle((published, failure) -> counts.put(number, count(published, failure)))
                        .whenComplete((done, failure) -> places.release());
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            places.acquireUninterruptibly(inFlight);
        });
        load.start();
        awaitMore(50);
    }

    /** How many have received it; 1 if that is not known, and {@link #FAILED} if it was certainly not sent. */
    private static long count(@Nullable Published published, @Nullable Throwable failure) {
        return published != null
                ? published.receivers()
                : failure instanceof TransportException known && known.notSent() ? FAILED : 1;
    }

    private void awaitMore(int messages) {
        int until = counts.size() + messages;
        await().pollInterval(5, MILLISECONDS).atMost(40, SECONDS).until(() -> counts.size() >= until);
    }

    /** Until the subscriber is counted again, without a doubt, for a while. */
    private void awaitFlow() {
        await().pollInterval(50, MILLISECONDS).atMost(40, SECONDS).until(() -> {
            int last = counts.size();
            awaitMore(300);
            return IntStream.range(last, last + 300).allMatch(number -> counts.getOrDefault(number, FAILED) == 1);
        });
    }

    private void end() throws InterruptedException {
        stop();
        assertFalse(load.isAlive());
    }

    private void assertHonest(Recording heard) {
        counts.forEach((number, count) -> {
            if (count <= 0) {
                assertFalse(heard.frames.contains(Integer.toString(number)), () -> number + " was counted " + count);
            }
        });
        assertEquals(heard.frames.size(), new HashSet<>(heard.frames).size());
        int last = counts.size() - 1;
        await().until(() -> heard.frames.contains(Integer.toString(last)));
    }
}
