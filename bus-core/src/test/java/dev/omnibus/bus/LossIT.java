package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.FaultProxy;
import dev.omnibus.testing.RedisServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Connections are killed again and again under load: what is missing at the handler is what was reported, each time.
 */
class LossIT {

    private static final int KILLS = Integer.getInteger("kills", 5); // the long form has 50

    /** Events in order, none twice, and the number of the last one. */
    private static final class Seen {

        private final AtomicLong events = new AtomicLong();
        private final AtomicLong lastNumber = new AtomicLong();
        private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
        private volatile long firstNumber;
        private volatile long firstPayload;
        private volatile long last = -1;

        void add(Event<Long> event) {
            if (events.get() == 0) { // what was before it is not missing, but came too early
                firstNumber = event.sequence();
                firstPayload = event.data();
            }
            if (event.data() <= last) {
                wrong.add(event.data() + " after " + last);
            }
            events.incrementAndGet();
            lastNumber.set(event.sequence());
            last = event.data(); // the word to whoever waits
        }
    }

    /** Over a link several frames of the topic are in flight when the connection ends. */
    @ParameterizedTest
    @CsvSource({"pubsub, 0", "normal, 0", "normal, 1"})
    void theReportedGapsAreTheRealOnesAfterEveryKill(String type, int delayMillis) throws Exception {
        AtomicLong interruptions = new AtomicLong();
        try (RedisServer redis = RedisServer.start();
                FaultProxy link = link(redis, delayMillis);
                Bus publisher = Bus.connect(delayMillis == 0 ? redis.url() : link.url());
                Bus subscriber = bus(redis, new BusListener() {
                    @Override
                    public void onInterrupted(String topic) {
                        interruptions.incrementAndGet();
                    }
                })) {
            Seen seen = new Seen();
            subscriber.subscribe("n", Long.class, seen::add).ready().get(20, SECONDS);
            AtomicLong next = new AtomicLong();
            await().until(() -> arrives(publisher, seen, next));
            for (int kill = 1; kill <= KILLS; kill++) {
                loadWithAKill(redis, type, publisher, subscriber, next);
                await().atMost(20, SECONDS).until(() -> arrives(publisher, seen, next));
                long missing = seen.lastNumber.get() - seen.firstNumber + 1 - seen.events.get();
                assertEquals(missing, subscriber.stats().lost(), "after kill " + kill);
                if (publisher.stats().publishFailed() == 0) { // then each payload had a number
                    missing = next.get() - seen.firstPayload - seen.events.get();
                    assertEquals(missing, subscriber.stats().lost(), "after kill " + kill);
                }
            }
            assertEquals(List.of(), seen.wrong);
            assertEquals(0, subscriber.stats().duplicates());
            if (type.equals("pubsub")) {
                assertTrue(interruptions.get() >= KILLS, "told of " + interruptions + " interruptions");
                assertTrue(subscriber.stats().lost() > 0, "the kills did some harm");
            }
            System.out.println(
                    KILLS + " kills of " + type + " connections, " + delayMillis + " ms away: " + next + " published, "
                            + seen.events + " handled, " + subscriber.stats().lost() + " reported lost");
        }
    }

    /** Slow from the beginning, as the shortest round trip counts. */
    private static FaultProxy link(RedisServer redis, int delayMillis) {
        FaultProxy link = FaultProxy.to(redis);
        link.delay(Duration.ofMillis(delayMillis));
        return link;
    }

    /** Publishes without a pause before the kill, and until the subscription stands again or publishing works again. */
    private static void loadWithAKill(RedisServer redis, String type, Bus publisher, Bus subscriber, AtomicLong next)
            throws Exception {
        long before = subscriber.stats().interruptions();
        ArrayDeque<CompletableFuture<?>> window = new ArrayDeque<>();
        CompletableFuture<Void> killing = new CompletableFuture<>();
        for (int i = 0; i < 2_000 || !killing.isDone() || isDeaf(type, subscriber, before); i++) {
            window.add(publisher.publish("n", next.getAndIncrement()));
            if (window.size() >= 500) {
                settle(window.remove());
            }
            if (i == 1_000) {
                killing = CompletableFuture.runAsync(() -> redis.command("CLIENT", "KILL", "TYPE", type));
            }
        }
        for (CompletableFuture<?> one : window) {
            settle(one);
        }
        killing.get(20, SECONDS);
    }

    private static boolean isDeaf(String type, Bus subscriber, long interruptionsBefore) {
        return type.equals("pubsub") && subscriber.stats().interruptions() == interruptionsBefore;
    }

    private static void settle(CompletableFuture<?> publishing) throws Exception {
        publishing.handle((count, failure) -> null).get(20, SECONDS);
    }

    /** Publishes one more; true if it has arrived, and with it everything before it that ever will. */
    private static boolean arrives(Bus publisher, Seen seen, AtomicLong next) throws Exception {
        long payload = next.getAndIncrement();
        Long receivers =
                publisher.publish("n", payload).exceptionally(failure -> 0L).get(20, SECONDS);
        if (receivers == 0) {
            return false;
        }
        await().until(() -> seen.last == payload);
        return true;
    }

    @Test
    void theLossOfTheLastEventsIsRevealedWhenNothingFollows() throws Exception {
        ConcurrentHashMap<String, Long> gaps = new ConcurrentHashMap<>();
        try (RedisServer redis = RedisServer.start();
                Bus publisher = bus(redis, new BusListener() {});
                Bus subscriber = bus(redis, new BusListener() {
                    @Override
                    public void onGap(String topic, String source, long from, long to) {
                        gaps.merge(topic, to - from + 1, Long::sum);
                    }
                })) {
            subscriber.subscribe("n.*", Long.class, event -> {}).ready().get(20, SECONDS);
            for (int topic = 0; topic < 100; topic++) {
                publisher.publish("n.t" + topic, 1L).get(20, SECONDS);
            }
            await().until(() -> subscriber.stats().received() == 100);
            while (gaps.isEmpty() && subscriber.stats().interruptions() < 20) { // a kill may be healed too quickly
                redis.command("CLIENT", "KILL", "TYPE", "pubsub");
                for (int topic = 0; topic < 100; topic++) {
                    publisher.publish("n.t" + topic, 2L);
                }
                // Who misses the first two marks of a topic, 5 s after its last event, waits for the one after 21 s.
                await().atMost(40, SECONDS)
                        .until(() -> subscriber.stats().received()
                                        + subscriber.stats().lost()
                                == publisher.stats().published());
            }
        }
        assertTrue(gaps.size() > 0, "some topics lost their last event, and their subscriber knows");
    }

    private static Bus bus(RedisServer redis, BusListener listener) {
        return Bus.builder(redis.url()).listener(listener).build();
    }
}
