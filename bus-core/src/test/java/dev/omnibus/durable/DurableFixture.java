package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusException;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two nodes that have opened the same durable topic. */
abstract class DurableFixture {

    record Order(String id, int count) {}

    static final Topic<Order> ORDERS = Topic.of("orders.placed", Order.class);
    static final Retention KEPT = Retention.untilAcknowledged();
    static final GroupOptions QUICK =
            GroupOptions.defaults().withRetries(2, Duration.ofMillis(1), Duration.ofMillis(10));

    final String prefix = "test-" + UUID.randomUUID();
    final List<String> reported = new CopyOnWriteArrayList<>();
    final List<String> redelivered = new CopyOnWriteArrayList<>(); // why
    final CountDownLatch gate = new CountDownLatch(1);
    Transport hereTransport;
    Transport thereTransport;
    Bus here;
    Bus there;
    DurableTopic<Order> orders;
    DurableTopic<Order> ordersThere;

    /** One more connection to the same network. */
    abstract Transport connect();

    @BeforeEach
    void open() throws Exception {
        hereTransport = connect();
        thereTransport = connect();
        here = bus("here", hereTransport);
        there = bus("there", thereTransport);
        orders = DurableTopics.on(here).topic(ORDERS, KEPT);
        ordersThere = DurableTopics.on(there).topic(ORDERS, KEPT);
        orders.ready().get(10, SECONDS);
        ordersThere.ready().get(10, SECONDS);
    }

    @AfterEach
    void close() {
        gate.countDown();
        here.close();
        there.close();
    }

    Bus bus(String name, Transport transport) {
        return Bus.builder(transport)
                .prefix(prefix)
                .name(name)
                .heartbeat(Duration.ofMillis(500))
                .listener(new Remembering())
                .build();
    }

    /** Remembers what was reported of durable topics, a line for each. */
    final class Remembering implements BusListener {

        @Override
        public void onRedelivered(String topic, String group, String position, String reason) {
            redelivered.add(reason);
            reported.add("redelivered " + group);
        }

        @Override
        public void onDoubled(String topic, String group, String position) {
            reported.add("doubled " + group);
        }

        @Override
        public void onDeadLetter(String topic, String group, String position, String reason) {
            reported.add("dead " + group + ": " + reason);
        }

        @Override
        public void onLost(String topic, String reader, long events, String which) {
            reported.add("lost " + reader + " " + events);
        }

        @Override
        public void onRepaired(String topic, long events) {
            reported.add("repaired " + events);
        }

        @Override
        public void onReset(String topic) {
            reported.add("reset");
        }

        @Override
        public void onHandlerFailed(Event<?> event, Throwable failure) {
            reported.add("failed " + failure.getMessage());
        }

        @Override
        public void onSubscriptionEnded(String topic, String reason) {
            reported.add("ended " + reason);
        }
    }

    static void ready(Subscription subscription) throws Exception {
        subscription.ready().get(10, SECONDS);
    }

    void publish(int... counts) throws Exception {
        for (int count : counts) {
            orders.publish(new Order("o-" + count, count)).get(10, SECONDS);
        }
    }

    static <E extends BusException> E failure(Class<E> type, CompletableFuture<?> asked) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> asked.get(10, SECONDS));
        return assertInstanceOf(type, e.getCause());
    }
}
