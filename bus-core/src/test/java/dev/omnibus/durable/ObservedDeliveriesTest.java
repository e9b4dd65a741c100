package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Outcome;
import dev.omnibus.bus.Spectator;
import dev.omnibus.bus.Spectator.Seen;
import dev.omnibus.bus.Topic;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What observers see of durable topics. */
class ObservedDeliveriesTest {

    private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private static final GroupOptions QUICK =
            GroupOptions.defaults().withRetries(1, Duration.ofMillis(1), Duration.ofMillis(1));

    private final Spectator spectator = new Spectator();
    private final Bus bus =
            Bus.builder(new InMemoryNetwork().open()).observer(spectator).build();
    private final DurableTopic<Integer> numbers =
            DurableTopics.on(bus).topic(Topic.of("numbers", Integer.class), Retention.untilAcknowledged());

    @AfterEach
    void close() {
        bus.close();
    }

    private void publish(int number) throws Exception {
        numbers.publish(number, PublishOptions.defaults().withHeaders(Map.of("traceparent", TRACE)))
                .get(10, SECONDS);
    }

    @Test
    void whatIsAppendedAndWhatAGroupHandlesIsObserved() throws Exception {
        numbers.subscribe("billing", (event, delivery) -> {}).ready().get(10, SECONDS);
        publish(1);
        assertEquals("numbers", spectator.one(Kind.PUBLISH).operation.name());
        assertEquals("", spectator.one(Kind.PUBLISH).outcome().reason());
        Seen handled = spectator.one(Kind.HANDLE);
        assertEquals("numbers", handled.operation.name());
        assertEquals("billing", handled.operation.group());
        assertEquals(Map.of("traceparent", TRACE), handled.operation.headers());
        assertEquals("", handled.outcome().reason());
    }

    @Test
    void theThreadIsLeftWhenTheHandlerReturnsAndTheOutcomeComesWithItsStage() throws Exception {
        CompletableFuture<Void> stage = new CompletableFuture<>();
        numbers.subscribeAsync("billing", QUICK, (event, delivery) -> stage)
                .ready()
                .get(10, SECONDS);
        publish(1);
        Seen handled = spectator.one(Kind.HANDLE);
        await().until(() -> handled.steps.equals(List.of("left")));
        stage.complete(null);
        assertEquals("", handled.outcome().reason());
        assertEquals(List.of("left", "ended"), handled.steps);
    }

    @Test
    void eachStartOfAHandlerIsOneAndARejectionIsNamed() throws Exception {
        numbers.subscribe("billing", QUICK, (event, delivery) -> {
                    if (delivery.starts() > 1) {
                        delivery.reject("no use");
                    }
                    throw new IllegalStateException("on purpose");
                })
                .ready()
                .get(10, SECONDS);
        publish(1);
        await().atMost(20, SECONDS).until(() -> spectator.all(Kind.HANDLE).size() == 2);
        Outcome first = spectator.all(Kind.HANDLE).get(0).outcome();
        Outcome second = spectator.all(Kind.HANDLE).get(1).outcome();
        assertEquals("FAULT", first.reason());
        assertInstanceOf(IllegalStateException.class, first.failure());
        assertEquals(1, first.attempts());
        assertEquals("REJECTED", second.reason());
        assertEquals(2, second.attempts());
    }

    @Test
    void theTraceGoesOnFromHandlersOfGroupsAndFollowers() throws Exception {
        List<Map<String, String>> arrived = new CopyOnWriteArrayList<>();
        DurableTopic<Integer> next =
                DurableTopics.on(bus).topic(Topic.of("next", Integer.class), Retention.untilAcknowledged());
        next.follow(Position.EARLIEST, (event, position) -> bus.publish("live", 3))
                .ready()
                .get(10, SECONDS);
        bus.subscribe("live", Integer.class, event -> arrived.add(event.headers()))
                .ready()
                .get(10, SECONDS);
        numbers.subscribe("billing", event -> next.publish(2)).ready().get(10, SECONDS);
        publish(1);
        await().atMost(20, SECONDS).until(() -> arrived.size() == 1);
        assertEquals(List.of(Map.of("traceparent", TRACE)), arrived);
    }
}
