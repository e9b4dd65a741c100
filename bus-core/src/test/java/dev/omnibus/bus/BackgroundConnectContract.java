package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.PublishException.Outcome;
import dev.omnibus.bus.PublishException.Reason;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Retention;
import dev.omnibus.testing.LeakCheck;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A bus that is built while what it connects to is away. */
abstract class BackgroundConnectContract {

    @RegisterExtension
    final LeakCheck leaks = LeakCheck.ofThreads("omnibus");

    final List<BusState> states = new CopyOnWriteArrayList<>();
    final List<ConnectionException> failures = new CopyOnWriteArrayList<>();

    /** For a bus to what is away until {@link #come}. */
    abstract BusBuilder builder();

    abstract void come();

    final BusBuilder background() {
        return builder().connectInBackground().listener(new BusListener() {
            @Override
            public void onState(BusState state) {
                states.add(state);
            }

            @Override
            public void onConnectFailed(ConnectionException failure) {
                failures.add(failure);
            }
        });
    }

    static void awaitUp(Bus bus) {
        await().atMost(20, SECONDS).until(() -> bus.state() == BusState.UP);
    }

    @Test
    void itIsConnectingAndThenUpAndReportsBothAndEachAttempt() {
        try (Bus bus = background().build()) {
            assertEquals(BusState.CONNECTING, bus.state());
            await().atMost(20, SECONDS).until(() -> failures.size() > 1);
            assertEquals(ConnectionException.Reason.UNREACHABLE, failures.get(0).reason());
            come();
            awaitUp(bus);
        }
        await().until(() -> states.contains(BusState.CLOSED));
        assertEquals(List.of(BusState.CONNECTING, BusState.UP, BusState.DRAINING, BusState.CLOSED), states);
    }

    @Test
    void itConnectsAtOnceIfThatIsPossible() {
        come();
        try (Bus bus = background().build()) {
            awaitUp(bus);
        }
        assertEquals(List.of(), failures);
    }

    @Test
    void publishingFailsAtOnceUntilItIsUp() throws Exception {
        try (Bus bus = background().build()) {
            PublishException e = assertInstanceOf(
                    PublishException.class,
                    assertThrows(
                                    ExecutionException.class,
                                    () -> bus.publish("t", "lost").get(20, SECONDS))
                            .getCause());
            assertEquals(Reason.CONNECTION_LOST, e.reason());
            assertEquals(Outcome.NOT_SENT, e.outcome());
            come();
            awaitUp(bus);
            assertEquals(0L, bus.publish("t", "sent").get(20, SECONDS));
        }
    }

    @Test
    void eventsAreHeldInOrderIfThatWasChosen() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        try (Bus bus = background().holdWhileAway(Duration.ofMinutes(1)).build()) {
            bus.subscribe("t", String.class, event -> heard.add(event.data()));
            CompletableFuture<Long> first = bus.publish("t", "1");
            CompletableFuture<Long> second = bus.publish("t", "2");
            assertFalse(first.isDone());
            come();
            first.get(20, SECONDS);
            second.get(20, SECONDS);
            await().atMost(20, SECONDS).until(() -> heard.equals(List.of("1", "2")));
        }
    }

    @Test
    void aHeldEventFailsWhenItHasWaitedForTooLong() {
        try (Bus bus = background().holdWhileAway(Duration.ofMillis(200)).build()) {
            CompletableFuture<Long> held = bus.publish("t", "1");
            ExecutionException e = assertThrows(ExecutionException.class, () -> held.get(20, SECONDS));
            assertEquals(
                    Outcome.NOT_SENT,
                    assertInstanceOf(PublishException.class, e.getCause()).outcome());
        }
    }

    @Test
    void whatIsSubscribedToMeanwhileIsEstablishedThen() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        try (Bus bus = background().build()) {
            Subscription one = bus.subscribe("a.b", String.class, event -> heard.add("one " + event.data()));
            Subscription many = bus.subscribe("a.*", String.class, event -> heard.add("many " + event.data()));
            assertFalse(one.ready().isDone());
            come();
            one.ready().get(20, SECONDS);
            many.ready().get(20, SECONDS);
            awaitUp(bus);
            bus.publish("a.b", "x").get(20, SECONDS);
            await().atMost(20, SECONDS).until(() -> heard.containsAll(List.of("one x", "many x")));
        }
    }

    @Test
    void aSubscriptionThatIsClosedMeanwhileEndsAtOnceAndIsNotMade() throws Exception {
        try (Bus bus = background().build()) {
            Subscription never = bus.subscribe("t", String.class, event -> {});
            CompletableFuture<Void> ready = never.ready();
            never.close();
            ExecutionException e = assertThrows(ExecutionException.class, () -> ready.get(20, SECONDS));
            assertInstanceOf(SubscribeException.class, e.getCause());
            Subscription again = bus.subscribe("t", String.class, event -> {});
            again.close();
            come();
            awaitUp(bus);
            assertEquals(0L, bus.publish("t", "x").get(20, SECONDS));
            Subscription last = bus.subscribe("t", String.class, event -> {});
            last.ready().get(20, SECONDS);
            assertEquals(1L, bus.publish("t", "x").get(20, SECONDS));
        }
    }

    @Test
    void aDurableTopicThatIsOpenedMeanwhileIsThereThenWithWhatWasPublished() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        try (Bus bus = background().build()) {
            DurableTopic<String> topic =
                    DurableTopics.on(bus).topic(Topic.of("orders.kept", String.class), Retention.forDays(1));
            topic.subscribe("billing", event -> heard.add(event.data()));
            CompletableFuture<?> published = topic.publish("first");
            assertFalse(topic.ready().isDone());
            come();
            topic.ready().get(20, SECONDS);
            published.get(20, SECONDS);
            await().atMost(20, SECONDS).until(() -> heard.equals(List.of("first")));
        }
    }

    @Test
    void itIsClosedAtOnceAlthoughItNeverConnectsWhateverWaits() throws Exception {
        CompletableFuture<Long> held;
        CompletableFuture<Void> ready;
        CompletableFuture<Void> opened;
        CompletableFuture<?> kept;
        CompletableFuture<Void> closed;
        Bus bus = background()
                .holdWhileAway(Duration.ofHours(1))
                .drainTimeout(Duration.ofHours(1))
                .build();
        held = bus.publish("t", "held");
        ready = bus.subscribe("t", String.class, event -> {}).ready();
        DurableTopic<String> topic =
                DurableTopics.on(bus).topic(Topic.of("orders.kept", String.class), Retention.forDays(1));
        opened = topic.ready();
        kept = topic.publish("kept");
        await().atMost(20, SECONDS).until(() -> !failures.isEmpty());
        closed = CompletableFuture.runAsync(bus::close);
        closed.get(20, SECONDS); // and not after an hour
        assertEquals(BusState.CLOSED, bus.state());
        for (CompletableFuture<?> each : List.of(held, ready, opened, kept)) {
            assertThrows(ExecutionException.class, () -> each.get(20, SECONDS));
        }
        assertTrue(states.containsAll(List.of(BusState.CONNECTING, BusState.CLOSED)), states::toString);
    }
}
