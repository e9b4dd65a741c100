package dev.omnibus.internal.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.OutboxRelay;
import dev.omnibus.durable.OutboxRow;
import dev.omnibus.durable.OutboxSource;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Relays of an outbox on a bad day, in a time of their own. */
class RelayTest {

    private static final Topic<String> TOPIC = Topic.of("n", String.class);

    /** A table that two processes share, and that fails when it is told to. */
    private static class Table implements OutboxSource<String> {

        final List<String> rows = new CopyOnWriteArrayList<>();
        final AtomicInteger reads = new AtomicInteger();
        volatile boolean unreadable;
        volatile boolean unwritable;

        Table(String... rows) {
            this.rows.addAll(List.of(rows));
        }

        @Override
        public List<OutboxRow<String>> next(int max) throws Exception {
            int unused = reads.incrementAndGet();
            if (unreadable) {
                throw new IOException("no such table");
            }
            return rows.stream()
                    .limit(max)
                    .map(row -> new OutboxRow<>(row.substring(0, 2), row))
                    .toList();
        }

        @Override
        public void done(Collection<String> ids) throws Exception {
            if (unwritable) {
                throw new IOException("read only");
            }
            rows.removeIf(row -> ids.contains(row.substring(0, 2)));
        }
    }

    /** A process of which the test says when its time goes by. */
    private final class Node {

        final ManualTiming timing = new ManualTiming();
        final Faults faults = new Faults();
        final Bus bus = Bus.builder(faults.around(network.open()))
                .listener(new BusListener() {
                    @Override
                    public void onOutboxFailed(String topic, Throwable failure) {
                        reported.add(String.valueOf(failure.getMessage()));
                    }
                })
                .build();
        final DurableTopic<String> topic;

        Node() {
            DurableRuntime unused =
                    BusRuntime.of(bus).layer(DurableRuntime.class, inside -> new DurableRuntime(inside, timing));
            topic = DurableTopics.on(bus)
                    .topic(TOPIC, Retention.untilAcknowledged().withMaxEntries(5));
        }

        void second() {
            timing.pass(Duration.ofSeconds(1));
            timing.run(true);
        }
    }

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final List<String> reported = new CopyOnWriteArrayList<>();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final Node here = new Node();
    private final Node there = new Node();

    @AfterEach
    void close() {
        gate.countDown();
        here.bus.close();
        there.bus.close();
    }

    private static ConditionFactory await() {
        return Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2));
    }

    private void second(Node... nodes) {
        network.advance(Duration.ofSeconds(1));
        for (Node node : nodes) {
            node.second();
        }
    }

    private List<String> log(int events) {
        List<String> log = new CopyOnWriteArrayList<>();
        there.topic.follow(Position.EARLIEST, (event, position) -> log.add(event.data()));
        await().until(() -> {
            second(there);
            return log.size() >= events;
        });
        return log;
    }

    @Test
    void whatWasPublishedBeforeItsRelayDiedIsNotDoubledByTheNextOne() throws Exception {
        Table table = new Table("a1", "b2", "c3");
        table.unwritable = true;
        OutboxRelay.start(here.topic, table);
        await().until(() -> reported.contains("read only")); // and from here on, its time stands still
        there.topic.ready().get(10, SECONDS);
        OutboxRelay next = OutboxRelay.start(there.topic, table);
        for (int i = 0; i < 2; i++) {
            second(there);
            var unused = there.topic.status().get(10, SECONDS); // its question for the lease is answered before
            assertFalse(next.isActive());
        }
        table.unwritable = false;
        table.rows.add("d4");
        await().until(() -> {
            second(there);
            return table.rows.isEmpty();
        });
        assertEquals(List.of("a1", "b2", "c3", "d4"), log(4));
        assertEquals(4, here.topic.status().join().entries());
    }

    @Test
    void aFailureOfTheSourceIsReportedAndTriedAgainWithGrowingPauses() {
        Table table = new Table("a1");
        table.unreadable = true;
        OutboxRelay relay = OutboxRelay.start(here.topic, table);
        await().until(() -> table.reads.get() == 1);
        for (int i = 0; i < 300; i++) {
            second(here);
            relay.wake();
            await().until(() -> reported.size() == table.reads.get());
        }
        assertTrue(table.reads.get() > 5 && table.reads.get() < 25, () -> table.reads + " times");
        assertEquals("no such table", reported.get(0));
        table.unreadable = false;
        await().until(() -> {
            second(here);
            return table.rows.isEmpty();
        });
    }

    @Test
    void aRowThatCannotBePublishedStopsTheOnesBehindItAndNotThoseBefore() {
        String large = "b2" + "x".repeat(2 << 20);
        Table table = new Table("a1", large, "c3");
        OutboxRelay.start(here.topic, table);
        await().until(() -> !reported.isEmpty());
        assertTrue(reported.get(0).contains("the limit is"), reported.get(0));
        assertEquals(List.of(large, "c3"), table.rows);
        table.rows.set(0, "b2 in brief");
        await().until(() -> {
            second(here);
            return table.rows.isEmpty();
        });
        assertEquals(List.of("a1", "b2 in brief", "c3"), log(3));
    }

    @Test
    void theOrderStaysWhenOnlyWhatIsBehindWouldFit() throws Exception {
        List<String> handled = new CopyOnWriteArrayList<>();
        there.topic.subscribe("g", event -> {
            gate.await();
            handled.add(event.data().substring(0, 2));
        });
        List<String> expected = new ArrayList<>(List.of("x1", "x2"));
        here.topic.publish("x1").get(10, SECONDS);
        here.topic.publish("x2").get(10, SECONDS);
        Table table = new Table();
        for (String id : List.of("a1", "b2", "c3", "d4", "e5", "f6")) { // four to an append, for which there is no room
            table.rows.add(id + "x".repeat(60 * 1024));
            expected.add(id);
        }
        OutboxRelay.start(here.topic, table);
        await().until(() -> reported.contains("An event on n was not appended: the topic is full"));
        assertEquals(2, here.topic.status().get(10, SECONDS).entries());
        gate.countDown();
        await().until(() -> {
            second(here, there);
            return handled.size() >= expected.size();
        });
        assertEquals(expected, handled);
    }

    @Test
    void aRelayToATopicThatIsRefusedSaysSoAndEnds() throws Exception {
        here.topic.ready().get(10, SECONDS);
        try (Bus other = Bus.builder(network.open())
                .listener(new BusListener() {
                    @Override
                    public void onOutboxFailed(String topic, Throwable failure) {
                        reported.add(String.valueOf(failure.getMessage()));
                    }
                })
                .build()) {
            OutboxRelay relay = OutboxRelay.start(
                    DurableTopics.on(other).topic(TOPIC, Retention.untilAcknowledged()), new Table("a1"));
            relay.closed().get(10, SECONDS);
            await().until(() -> reported.size() == 1);
            assertTrue(reported.get(0).contains("with another retention"), reported.get(0));
        }
    }

    @Test
    void aRelayThatIsClosedWhileItRenewsItsLeaseIsNotActiveAnyMore() throws Exception {
        here.topic.ready().get(10, SECONDS);
        here.faults.hold("hold");
        OutboxRelay relay = OutboxRelay.start(here.topic, new Table());
        relay.close();
        here.faults.heal("hold");
        relay.closed().get(10, SECONDS);
        assertEquals(2, here.faults.asked("hold")); // for the lease, and to give it back
        assertFalse(relay.isActive());
    }

    @Test
    void aRelayThatWasPausedWhileItReadPublishesNothing() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        Table table = new Table("a1") {
            @Override
            public List<OutboxRow<String>> next(int max) throws Exception {
                List<OutboxRow<String>> rows = super.next(max);
                reading.countDown();
                gate.await();
                return rows;
            }
        };
        OutboxRelay relay = OutboxRelay.start(here.topic, table);
        assertTrue(reading.await(10, SECONDS));
        here.timing.pass(Duration.ofSeconds(2));
        relay.close();
        assertFalse(relay.closed().isDone());
        gate.countDown();
        relay.closed().get(10, SECONDS);
        assertEquals(List.of("a1"), table.rows);
        assertEquals(0, here.topic.status().get(10, SECONDS).entries());
    }
}
