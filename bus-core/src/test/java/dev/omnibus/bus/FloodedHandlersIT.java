package dev.omnibus.bus;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.NodeProcess;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Scanner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * More arrives than the handlers can do, and their mailbox turns over again and again: what it keeps of all that has
 * come by is what it says.
 */
@WithRedis
class FloodedHandlersIT {

    private static final int ROUNDS = Integer.getInteger("rounds", 4); // the long form has 20
    private static final int EVENTS = 40_000; // in a round
    private static final long MAILBOX_BYTES = 4 * 1024 * 1024;
    private static final int HANDLERS = 8;
    private static final long HANDLING_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int AHEAD = 20_000; // enough for the largest frames
    private static final String TEXT = "x".repeat(500);

    static final class Node {

        private Node() {}

        /** Prints what the heap has grown by, as long as nothing arrives. */
        public static void main(String[] arguments) {
            SubscribeOptions narrow =
                    SubscribeOptions.defaults().withConcurrency(HANDLERS).withMailbox(Integer.MAX_VALUE, MAILBOX_BYTES);
            Bus bus = Bus.builder(arguments[0])
                    .connectWithin(Duration.ofSeconds(40)) // a busy machine may need more than one attempt
                    .build();
            Subscription flooded =
                    bus.subscribe("n", String.class, narrow, event -> LockSupport.parkNanos(HANDLING_NANOS));
            flooded.ready().join();
            System.out.println("ready");
            long idle = 0;
            while (true) {
                long received = flooded.stats().received();
                LockSupport.parkNanos(QUIET_NANOS);
                if (received > 0 && received == flooded.stats().received()) {
                    long used = usedHeap();
                    idle = idle == 0 ? used : idle;
                    System.out.println(
                            "kept " + (used - idle) + " for " + flooded.stats().waitingBytes());
                }
            }
        }

        private static long usedHeap() {
            System.gc();
            return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        }
    }

    @Test
    void aFullMailboxKeepsNoMoreThanItSaysHoweverMuchComesBy(RedisServer redis) throws Exception {
        try (NodeProcess node = NodeProcess.start(List.of("-Xmx192m"), Node.class, redis.url());
                Bus publisher = Bus.connect(redis.url())) {
            node.awaitLine("ready"::equals);
            publisher.publish("n", TEXT).get(20, TimeUnit.SECONDS);
            node.awaitLine(line -> line.startsWith("kept"));
            for (int round = 1; round <= ROUNDS; round++) {
                flood(publisher);
                long before = kept(node).count();
                // At first there may be frames that have yet to be read; after twenty seconds the mailbox is empty.
                await().atMost(10, TimeUnit.SECONDS)
                        .untilAsserted(() -> assertTrue(
                                kept(node).skip(before).anyMatch(FloodedHandlersIT::isBounded),
                                () -> kept(node).skip(before).toList().toString()));
            }
            System.out.println("[flooded] " + kept(node).toList());
        }
    }

    private static Stream<String> kept(NodeProcess node) {
        return node.lines().filter(line -> line.startsWith("kept"));
    }

    private static boolean isBounded(String line) {
        Scanner numbers = new Scanner(line).useDelimiter("\\D+");
        long kept = numbers.nextLong();
        long waiting = numbers.nextLong();
        return waiting > MAILBOX_BYTES / 2 && kept < 5 * waiting;
    }

    private static void flood(Bus publisher) throws Exception {
        ArrayDeque<CompletableFuture<Long>> window = new ArrayDeque<>();
        for (int i = 0; i < EVENTS; i++) {
            window.add(publisher.publish("n", TEXT));
            if (window.size() > AHEAD) {
                window.remove().get(20, TimeUnit.SECONDS);
            }
        }
        for (CompletableFuture<Long> last : window) {
            last.get(20, TimeUnit.SECONDS);
        }
    }
}
