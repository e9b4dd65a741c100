package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusException;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.rpc.faults.Patiently;
import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * A process whose heap was exhausted many times, and is not any more, hears, is called, calls and publishes. With
 * {@code -Dexhaustions=40} only, because it takes half a minute.
 *
 * <p>It has no escape analysis: with it, JDK 25 once left a lock behind that no thread held, which no program can make
 * up for.
 */
@WithRedis
@EnabledIfSystemProperty(named = "exhaustions", matches = "\\d+", disabledReason = "it is a long form")
class OutOfMemoryIT {

    private static final int TOPICS = 20;
    private static final int TIMES = Integer.getInteger("exhaustions", 0);
    private static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(15); // on a busy machine

    private final RedisServer redis;

    OutOfMemoryIT(RedisServer redis) {
        this.redis = redis;
    }

    interface Echo {
        @Idempotent
        String echo(String text);
    }

    static final class Node {

        private static final Set<String> HEARD = new HashSet<>(); // guarded by itself

        private Node() {}

        public static void main(String[] arguments) throws InterruptedException {
            // A class whose first use fails for lack of memory is never there again in that JVM: those of stack traces.
            new IllegalStateException("warm").printStackTrace(new PrintStream(OutputStream.nullOutputStream()));
            Bus bus = Patiently.open(() -> Bus.builder(arguments[0])
                    .prefix(arguments[1])
                    .listener(new BusListener() {
                        @Override
                        public void onState(BusState state) {
                            System.out.println(state);
                        }
                    })
                    .build());
            for (int i = 0; i < TOPICS; i++) {
                String topic = "t" + i;
                bus.subscribe(topic, String.class, event -> heard(topic, event.data()))
                        .ready()
                        .join();
            }
            CountDownLatch begin = new CountDownLatch(1);
            Echo served = text -> {
                if (text.equals("begin")) {
                    begin.countDown();
                }
                return text.equals("reconnects") ? String.valueOf(bus.stats().reconnects()) : text;
            };
            RpcServer.on(bus).serve(Echo.class, served).ready().join();
            RpcClient client = RpcClient.on(bus);
            Echo echo = client.proxy(Echo.class);
            echo.echo("before");
            bus.publish("own", "x").join();
            System.out.println("ready");
            begin.await();
            long end = System.nanoTime() + MAX_NANOS;
            int times = 0;
            while (times < Integer.parseInt(arguments[2]) && System.nanoTime() - end < 0) {
                try {
                    exhaust();
                } catch (OutOfMemoryError e) { // before it began: others have taken all there is
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30));
                }
                times++;
            }
            System.out.println("exhausted " + times);
            while (true) { // it calls, too
                try {
                    System.out.println("called " + echo.echo("from within"));
                    bus.publish("own", "x").join();
                    System.out.println("published");
                    break;
                } catch (RuntimeException e) {
                    System.out.println("again " + e);
                }
            }
        }

        private static void heard(String topic, String text) {
            if (text.equals("after")) {
                boolean news;
                synchronized (HEARD) {
                    news = HEARD.add(topic);
                }
                if (news) {
                    System.out.println("heard " + topic);
                }
            }
        }

        /** Nothing is left for a moment, for no thread. */
        @SuppressWarnings("ModifiedButNotUsed") // it is kept, that is all
        private static void exhaust() {
            List<byte[]> hoard = new ArrayList<>(100_000);
            for (int size = 1024 * 1024; size > 64; ) {
                try {
                    hoard.add(new byte[size]);
                } catch (OutOfMemoryError e) {
                    size /= 64;
                }
            }
            try {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(30));
            } finally {
                Reference.reachabilityFence(hoard);
            }
        }
    }

    @Test
    void everySubscriptionHearsAndItIsCalledAndItsProcessCallsAndPublishes() throws InterruptedException {
        String prefix = "oom" + UUID.randomUUID();
        AtomicBoolean flooding = new AtomicBoolean(true);
        try (NodeProcess node = NodeProcess.start(
                        List.of("-Xmx64m", "-XX:-DoEscapeAnalysis"),
                        Node.class,
                        redis.url(),
                        prefix,
                        String.valueOf(TIMES));
                Bus bus = Bus.builder(redis.url()).prefix(prefix).build()) {
            node.awaitLine("ready"::equals);
            // Warm, for the same reason.
            Echo echo =
                    RpcClient.on(bus).proxy(Echo.class, CallOptions.defaults().withTimeout(Duration.ofSeconds(2)));
            for (int i = 1; reconnects(echo) == 0; i++) { // a heartbeat that comes back after all makes it needless
                int times = i;
                assertTrue(times <= 20, "it is never made anew");
                redis.pause();
                await().atMost(40, SECONDS)
                        .until(() -> node.lines().filter("DOWN"::equals).count() >= times);
                redis.resume();
            }
            redis.command("CLIENT", "KILL", "TYPE", "pubsub");
            for (int i = 0; i < TOPICS; i++) {
                String topic = "t" + i;
                await().until(() -> bus.publish(topic, "before").get(20, SECONDS) == 1);
            }
            await().atMost(40, SECONDS)
                    .ignoreExceptions()
                    .until(() -> echo.echo("begin").equals("begin"));
            Echo hasty =
                    RpcClient.on(bus).proxy(Echo.class, CallOptions.defaults().withTimeout(Duration.ofMillis(200)));
            Thread flood = new Thread(() -> flood(bus, hasty, flooding));
            flood.start();
            System.out.println("[memory] " + node.awaitLine(line -> line.startsWith("exhausted ")) + " times");
            flooding.set(false);
            flood.join();

            await().atMost(40, SECONDS).pollInterval(Duration.ofMillis(500)).until(() -> {
                for (int i = 0; i < TOPICS; i++) {
                    bus.publish("t" + i, "after");
                }
                return heard(node).size() == TOPICS;
            });
            node.awaitLine("published"::equals);
            await().atMost(40, SECONDS)
                    .ignoreExceptions()
                    .until(() -> echo.echo("from outside").equals("from outside"));
            assertTrue(node.isAlive());
        }
    }

    private static int reconnects(Echo echo) {
        return await().atMost(40, SECONDS)
                .ignoreExceptions()
                .until(() -> Integer.parseInt(echo.echo("reconnects")), any -> true);
    }

    private static Set<String> heard(NodeProcess node) {
        return node.lines().filter(line -> line.startsWith("heard ")).collect(Collectors.toSet());
    }

    private static void flood(Bus bus, Echo echo, AtomicBoolean on) {
        String load = "x".repeat(1_000);
        for (int i = 0; on.get(); i++) {
            bus.publish("t" + i % TOPICS, load);
            if (i % 50 == 0) {
                try {
                    TimeUnit.MILLISECONDS.sleep(10);
                    echo.echo("x");
                } catch (BusException e) {
                    // of course
                } catch (InterruptedException e) {
                    return;
                }
            }
        }
    }
}
