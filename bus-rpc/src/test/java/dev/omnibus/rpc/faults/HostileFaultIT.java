package dev.omnibus.rpc.faults;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.LeakCheck;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.FrameListener;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Other programs on the same Redis that behave badly while three nodes work. */
@Tag("slow")
class HostileFaultIT {

    private static final long SEED = Long.getLong("seed", 1L);
    private static final int MEBIBYTE = 1024 * 1024;

    private static RedisServer redis;

    @RegisterExtension
    static final LeakCheck leaks = LeakCheck.ofThreads("omnibus", "redisson", "load")
            .channelsOf(() -> redis)
            .keysOf(() -> redis);

    @BeforeAll
    static void start() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    private static Load load() throws Exception {
        return new Load((name, listener) ->
                Bus.builder(redis.url()).name(name).listener(listener).build());
    }

    @Test
    void damagedFramesArriveOnAllChannelsAtFullSpeed() throws Exception {
        HostileFrames frames = new HostileFrames(SEED);
        AtomicLong sent = new AtomicLong();
        try (Foreign foreign = new Foreign(redis.url());
                Load load = load()) {
            List<String> channels = List.of(
                    "bus:evt:load.n",
                    "bus:rpc:work.again",
                    "bus:rpc:work.once@" + load.server().node(),
                    "bus:inbox:" + load.caller().node(),
                    "bus:inbox:" + load.server().node(),
                    "bus:presence");
            load.through(Duration.ofSeconds(2), () -> {
                        long until = System.nanoTime()
                                + Bounds.longOr(Duration.ofSeconds(10), Duration.ofMillis(1_500))
                                        .toNanos();
                        for (int i = 0; System.nanoTime() - until < 0; i++) {
                            foreign.publish(channels.get(i % channels.size()), frames.next());
                            sent.incrementAndGet();
                        }
                    })
                    .settle(sent + " damaged frames, seed " + SEED);
            assertTrue(load.caller().stats().badMessages() > 0, "nothing was refused");
            load.assertUninterrupted();
        }
    }

    /** Every frame comes a second time, some of them much later: requests, replies, events, beats and presence. */
    @Test
    void everyFrameIsReplayed() throws Exception {
        AtomicLong replayed = new AtomicLong();
        Set<ByteBuffer> known = ConcurrentHashMap.newKeySet();
        ExecutorService again = Executors.newSingleThreadExecutor(task -> new Thread(task, "load-replay"));
        try (Foreign foreign = new Foreign(redis.url());
                Load load = load()) {
            foreign.listen("bus:*", new FrameListener() {
                @Override
                public void onFrame(String channel, byte[] frame) {
                    if (known.add(ByteBuffer.wrap(frame))) { // else it is the replay
                        replayed.incrementAndGet();
                        again.execute(() -> foreign.publish(channel, frame));
                    }
                }

                @Override
                public void onInterrupted() {}
            });
            load.through(Duration.ofSeconds(2), () -> load.goOnFor(Duration.ofSeconds(1)))
                    .settle(replayed + " frames replayed");
            assertTrue(load.caller().stats().duplicates() > 0, "no replay arrived");
            load.assertUninterrupted();
        } finally {
            again.shutdownNow();
            assertTrue(again.awaitTermination(20, SECONDS));
        }
    }

    @Test
    void aFrameThatIsTooLargeForUsHurtsNobodyElse() throws Exception {
        String large = "x".repeat(4 * MEBIBYTE);
        try (Load load = load()) {
            load.through(Duration.ofSeconds(2), () -> redis.command("PUBLISH", "bus:evt:load.n", large))
                    .settle("frame of 4 MiB");
            assertTrue(load.caller().stats().badMessages() > 0, "it was refused");
            load.assertUninterrupted();
        }
    }

    /** Redis itself drops all subscribers then. */
    @Test
    void aFrameIsTooLargeForTheBuffersOfRedis() throws Exception {
        String huge = "x".repeat(31_000_000);
        try (Load load = load()) {
            load.through(Duration.ofSeconds(2), () -> redis.command("PUBLISH", "bus:evt:load.n", huge))
                    .settle("frame of 31 MB");
        }
    }

    @Test
    void anotherSubscriberIsDroppedBecauseItDoesNotRead() throws Exception {
        redis.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 8mb 8mb 1");
        String large = "x".repeat(MEBIBYTE);
        try (Socket slow = new Socket(InetAddress.getLoopbackAddress(), redis.port());
                Load load = load()) {
            OutputStream out = slow.getOutputStream();
            String lines =
                    "AUTH " + redis.password() + "\r\nCLIENT SETNAME slow\r\nSUBSCRIBE bus:evt:load.n beside\r\n";
            out.write(lines.getBytes(StandardCharsets.UTF_8));
            await().atMost(20, SECONDS).until(() -> isThere("slow"));
            load.through(Duration.ofSeconds(2), () -> {
                        for (int i = 0; i < 200 && isThere("slow"); i++) {
                            redis.command("PUBLISH", "beside", large);
                        }
                        await().atMost(20, SECONDS).until(() -> !isThere("slow"));
                    })
                    .settle("another subscriber over its output buffer");
            load.assertNothingMissed();
        } finally {
            redis.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60");
        }
    }

    private static boolean isThere(String name) {
        return String.valueOf(redis.command("CLIENT", "LIST")).contains("name=" + name + " ");
    }

    @Test
    void framesOfAnotherVersionAreRefusedAndTheirNeighboursKept() throws Exception {
        try (Load load = load()) {
            long bad = load.caller().stats().badMessages();
            String event =
                    "{\"specversion\":\"2.0\",\"source\":\"/nodes/new\",\"type\":\"Long\",\"id\":\"1\",\"data\":1}";
            String call = "{\"jsonrpc\":\"3.0\",\"id\":1,\"method\":\"work.once\",\"meta\":{\"from\":\"new\","
                    + "\"replyTo\":\"bus:inbox:new\",\"ttl\":2000},\"params\":[1000000]}";
            load.through(Duration.ofSeconds(2), () -> {
                        for (int i = 0; i < 100; i++) {
                            redis.command("PUBLISH", "bus:evt:load.n", event);
                            redis.command(
                                    "PUBLISH",
                                    "bus:rpc:work.once@" + load.server().node(),
                                    call);
                        }
                    })
                    .settle("frames of another version");
            assertTrue(load.executed(1_000_000) == 0, "a request of another version was executed");
            load.assertNothingMissed(); // else some of them may be missing as well
            assertEquals(bad + 100L * Bounds.ROUNDS, load.caller().stats().badMessages());
        }
    }
}
