package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A handler that blocks holds up itself: not its neighbours, not the heartbeat, and not the heap. */
@WithRedis
class BlockedHandlerIT {

    private static final int EVENT_BYTES = 2_000;
    private static final int EVENTS = 200 * 1024 * 1024 / EVENT_BYTES;
    private static final long MIB = 1024 * 1024;

    @Test
    void twoHundredMegabytesForABlockedHandlerLeaveTheHeapWithinItsLimit(RedisServer redis) throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicLong quick = new AtomicLong();
        AtomicLong down = new AtomicLong();
        BusListener states = new BusListener() {
            @Override
            public void onState(BusState state) {
                down.addAndGet(state == BusState.DOWN ? 1 : 0);
            }
        };
        try (Bus publisher = Bus.connect(redis.url());
                Bus bus = Bus.builder(redis.url()).listener(states).build()) {
            Subscription blocked = bus.subscribe("n", String.class, event -> gate.await());
            Subscription other = bus.subscribe("n", String.class, event -> quick.incrementAndGet());
            CompletableFuture.allOf(blocked.ready(), other.ready()).get(5, SECONDS);
            long before = usedHeap();
            ArrayDeque<CompletableFuture<Long>> window = new ArrayDeque<>();
            String text = "x".repeat(EVENT_BYTES);
            for (int i = 0; i < EVENTS; i++) {
                window.add(publisher.publish("n", text));
                while (window.size() > 1_000 || i - quick.get() > 5_000) {
                    CompletableFuture<Long> oldest = window.poll();
                    if (oldest != null) {
                        assertEquals(1, oldest.get(10, SECONDS));
                    } else {
                        Thread.onSpinWait();
                    }
                }
            }
            await().atMost(20, SECONDS).until(() -> quick.get() == EVENTS);
            SubscriptionStats stats = blocked.stats();
            assertEquals(EVENTS, stats.waiting() + stats.dropped());
            assertTrue(stats.waitingBytes() <= 64 * MIB, "waiting: " + stats.waitingBytes());
            window.clear();
            long grown = usedHeap() - before;
            // its bytes, and the texts that the other handler has had them decoded to; without a limit it were 400 MiB
            assertTrue(grown < 2 * 64 * MIB, "the heap has grown by " + grown / MIB + " MiB");
            assertEquals(0, down.get());
            assertEquals(0, other.stats().dropped());
            System.out.println("200 MiB for a blocked handler: heap grown by " + grown / MIB + " MiB, "
                    + stats.dropped() + " of " + EVENTS + " events dropped");
            gate.countDown();
        }
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
