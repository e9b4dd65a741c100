package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Operation;
import dev.omnibus.bus.BusObserver.Outcome;
import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.bus.Spectator.Seen;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** What observers see of events, and what they cannot do to them. */
abstract class ObserverContract extends BusFixture {

    private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    final Spectator spectator = new Spectator();

    @Override
    public BusBuilder builder() {
        return super.builder().observer(spectator);
    }

    private static Outcome outcomeOf(Seen seen) {
        return seen.outcome();
    }

    @Test
    void anEventIsObservedOnTheThreadsThatPublishAndHandleIt() throws Exception {
        CompletableFuture<Thread> handling = new CompletableFuture<>();
        ready(there.subscribe("orders.*", Integer.class, event -> handling.complete(Thread.currentThread())));
        here.publish("orders.placed", 17).get(10, SECONDS);

        assertEquals(List.of(here, there), spectator.opened);
        Seen published = spectator.one(Kind.PUBLISH);
        assertSame(Thread.currentThread(), published.thread);
        assertEquals("orders.placed", published.operation.name());
        assertEquals("", published.outcome().reason());
        assertNull(published.outcome().failure());
        assertEquals(1, published.outcome().attempts());
        assertTrue(published.outcome().elapsedNanos() > 0);

        Seen handled = spectator.one(Kind.HANDLE);
        Event<?> event = Objects.requireNonNull(handled.operation.event());
        assertSame(handling.get(10, SECONDS), handled.thread);
        assertEquals("orders.*", handled.operation.name());
        assertEquals("orders.placed", event.topic());
        assertEquals(event.id(), handled.operation.id());
        assertEquals("/nodes/" + here.node(), handled.operation.peer());
        assertEquals("", handled.outcome().reason());
        assertEquals(List.of("ended", "left"), handled.steps);
    }

    @Test
    void whatAnObserverSendsAlongArrivesInPlaceOfWhatTheProgramGave() throws Exception {
        CompletableFuture<Map<String, String>> arrived = new CompletableFuture<>();
        ready(there.subscribe("n", Integer.class, event -> arrived.complete(event.headers())));
        spectator.added.put("traceparent", TRACE);
        here.publish("n", 1, Map.of("tenant", "north", "traceparent", "own"));
        assertEquals(Map.of("tenant", "north", "traceparent", TRACE), arrived.get(10, SECONDS));
        IllegalStateException late = assertThrows(
                IllegalStateException.class,
                () -> spectator.one(Kind.PUBLISH).operation.header("late", "x"));
        assertTrue(String.valueOf(late.getMessage()).contains("has started already"), late::getMessage);
        assertThrows(
                IllegalStateException.class,
                () -> spectator.one(Kind.HANDLE).operation.header("any", "x"));
    }

    @Test
    void whereTheProgramLeavesNoRoomNothingIsSentAlong() throws Exception {
        Map<String, String> full = new HashMap<>();
        for (int i = 0; i < 64; i++) {
            full.put("header" + i, "x");
        }
        CompletableFuture<Map<String, String>> arrived = new CompletableFuture<>();
        ready(there.subscribe("n", Integer.class, event -> arrived.complete(event.headers())));
        spectator.added.put("traceparent", TRACE);
        here.publish("n", 1, full);
        assertEquals(full, arrived.get(10, SECONDS));
    }

    @Test
    void aHandlerThatFailsIsObservedWithItsRetries() throws Exception {
        SubscribeOptions twice = SubscribeOptions.defaults().withRetries(1, Duration.ofMillis(1));
        ready(there.subscribe("n", Integer.class, twice, event -> {
            throw new IllegalStateException("on purpose");
        }));
        here.publish("n", 1);
        Seen handled = spectator.one(Kind.HANDLE);
        Outcome outcome = handled.outcome();
        assertEquals("FAULT", outcome.reason());
        assertInstanceOf(IllegalStateException.class, outcome.failure());
        assertEquals(2, outcome.attempts());
        assertEquals(1, handled.attempts.size());
        assertEquals(1, handled.attempts.get(0).attempts());
        assertInstanceOf(IllegalStateException.class, handled.attempts.get(0).failure());
    }

    @Test
    void whatIsNotPublishedIsObservedWithTheReason() {
        CompletableFuture<Long> large = here.publish("n", "x".repeat(2 << 20));
        PublishException failure = failure(large);
        Outcome outcome = spectator.one(Kind.PUBLISH).outcome();
        assertEquals("TOO_LARGE", outcome.reason());
        assertEquals(failure, outcome.failure());
        assertTrue(outcome.isNotExecuted());
        assertThrows(IllegalArgumentException.class, () -> here.publish("n", 1, Map.of("NOT A NAME", "x")));
        Outcome refused = outcomeOf(spectator.all(Kind.PUBLISH).get(1));
        assertEquals("FAULT", refused.reason());
        assertInstanceOf(IllegalArgumentException.class, refused.failure());
    }

    /** Whatever it is asked, it throws. */
    private static final class Broken implements BusObserver, BusObserver.Scope {

        private final boolean fromTheStart;

        Broken(boolean fromTheStart) {
            this.fromTheStart = fromTheStart;
        }

        @Override
        public Scope start(Operation operation) {
            if (fromTheStart) {
                throw new StackOverflowError("on purpose");
            }
            return this;
        }

        @Override
        public void opened(Bus bus) {
            throw new IllegalStateException("on purpose");
        }

        @Override
        public void leave() {
            throw new LinkageError("on purpose");
        }

        @Override
        public void retried(Outcome attempt) {
            throw new IllegalStateException("on purpose");
        }

        @Override
        public void end(Outcome outcome) {
            throw new IllegalStateException("on purpose");
        }
    }

    @Test
    void anObserverThatThrowsIsLoggedOnceAndHarmsNeitherEventsNorOtherObservers() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8)); // where the simple logger writes
        Spectator other = new Spectator();
        try (Bus bus = builder()
                .observer(new Broken(true))
                .observer(new Broken(false))
                .observer(other)
                .build()) {
            ready(bus.subscribe("n", Integer.class, event -> seen.add(event.data())));
            for (int i = 0; i < 3; i++) {
                assertEquals(1, bus.publish("n", i).get(10, SECONDS));
            }
            await().until(() -> seen.equals(List.of(0, 1, 2)));
            await().until(() -> other.all(Kind.HANDLE).size() == 3);
            for (Kind kind : List.of(Kind.PUBLISH, Kind.HANDLE)) {
                other.all(kind).forEach(one -> assertEquals("", one.outcome().reason()));
            }
        } finally {
            System.setErr(before);
        }
        String text = log.toString(StandardCharsets.UTF_8);
        assertEquals(2, text.split("Observer .*Broken failed", -1).length - 1, text);
    }

    @Test
    void theTraceOfAnEventGoesOnToWhatItsHandlerPublishesAndNoFurther() throws Exception {
        List<Map<String, String>> arrived = new CopyOnWriteArrayList<>();
        ready(here.subscribe("second", Integer.class, event -> arrived.add(event.headers())));
        ready(there.subscribe("first", Integer.class, event -> {
            there.publish("second", 1);
            there.publish("second", 2, Map.of("traceparent", "own"));
        }));
        here.publish("first", 1, Map.of("traceparent", TRACE, "tracestate", "a=1", "tenant", "north"));
        await().until(() -> arrived.size() == 2);
        here.publish("first", 2);
        await().until(() -> arrived.size() == 4);
        assertEquals(
                List.of(
                        Map.of("traceparent", TRACE, "tracestate", "a=1"),
                        Map.of("traceparent", "own"),
                        Map.of(),
                        Map.of("traceparent", "own")),
                arrived);
    }

    @Test
    void aBusWithoutObserversPassesATraceOnAsWell() throws Exception {
        try (Bus plain = super.builder().build()) {
            CompletableFuture<Map<String, String>> arrived = new CompletableFuture<>();
            ready(here.subscribe("second", Integer.class, event -> arrived.complete(event.headers())));
            ready(plain.subscribe("first", Integer.class, event -> plain.publish("second", 1)));
            here.publish("first", 1, Map.of("traceparent", TRACE));
            assertEquals(Map.of("traceparent", TRACE), arrived.get(10, SECONDS));
        }
    }

    @Test
    void anObserverThatHasNothingToDoIsNotAskedAgain() throws Exception {
        List<Operation> started = new CopyOnWriteArrayList<>();
        BusObserver idle = operation -> {
            started.add(operation.copy());
            return null;
        };
        try (Bus bus = super.builder().observer(idle).build()) {
            bus.publish("n", 1).get(10, SECONDS);
        }
        assertEquals(1, started.size());
        assertNotNull(started.get(0));
        assertFalse(started.get(0).elapsedNanos() < 0);
    }
}
