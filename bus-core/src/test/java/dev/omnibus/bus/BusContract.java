package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import dev.omnibus.bus.PublishException.Outcome;
import dev.omnibus.bus.PublishException.Reason;
import dev.omnibus.internal.runtime.BusRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a bus does on every transport. */
abstract class BusContract extends BusFixture {

    record Order(String id, int count) {}

    /** As programs have them: its deserializer throws what it likes. */
    @JsonDeserialize(using = Stubborn.Reader.class)
    record Stubborn() {

        static final class Reader extends StdDeserializer<Stubborn> {

            Reader() {
                super(Stubborn.class);
            }

            @Override
            public Stubborn deserialize(JsonParser parser, DeserializationContext context) {
                throw new IllegalStateException("on purpose");
            }
        }
    }

    private static final Topic<Order> PLACED = Topic.of("orders.placed", Order.class);

    /** Takes the network away. */
    abstract void takeDown();

    /** Gives it back. */
    abstract void bringUp();

    @Test
    void whatIsPublishedReachesTypedSubscribersAndIsCounted() throws Exception {
        List<Event<Order>> events = new CopyOnWriteArrayList<>();
        ready(there.subscribe(PLACED, events::add));
        assertEquals(1, here.publish(PLACED, new Order("o-17", 3)).get(5, SECONDS));
        assertEquals(1, here.publish("orders.placed", new Order("o-18", 4)).get(5, SECONDS));
        assertEquals(0, here.publish("orders.other", 1).get(5, SECONDS));
        await().until(() -> events.size() == 2);
        Event<Order> first = events.get(0);
        assertEquals(new Order("o-17", 3), first.data());
        assertEquals("/nodes/" + here.node(), first.source());
        assertEquals("orders.placed", first.topic());
        assertEquals("Order", first.type());
        assertEquals(1, first.sequence());
        assertEquals(Map.of(), first.headers());
    }

    @Test
    void headersTravelWithTheEvent() throws Exception {
        CompletableFuture<Event<Order>> arrived = new CompletableFuture<>();
        ready(there.subscribe(PLACED, arrived::complete));
        here.publish(PLACED.withEventType("com.example.placed"), new Order("o", 1), Map.of("tenant", "blue"));
        assertEquals(Map.of("tenant", "blue"), arrived.get(5, SECONDS).headers());
        assertEquals("com.example.placed", arrived.get(5, SECONDS).type());
        CompletableFuture<Event<Order>> untyped = new CompletableFuture<>();
        ready(there.subscribe("orders.untyped", Order.class, untyped::complete));
        here.publish("orders.untyped", new Order("o", 2), Map.of("tenant", "red"));
        assertEquals(Map.of("tenant", "red"), untyped.get(5, SECONDS).headers());
        assertEquals("Order", untyped.get(5, SECONDS).type());
    }

    @Test
    void whatWasPublishedBeforeAFlushHasBeenSentAfterIt() throws Exception {
        List<CompletableFuture<Long>> publishing =
                IntStream.range(0, 1_000).mapToObj(i -> here.publish("n", i)).toList();
        assertTrue(here.flush(Duration.ofSeconds(10)));
        for (CompletableFuture<Long> one : publishing) {
            one.get(5, SECONDS); // the executor has only to say so
        }
        await().until(() ->
                here.flush(Duration.ZERO)); // nothing waits but, at times, what the bus itself says to others
    }

    @Test
    void listenersMayComeLaterAndBeSeveralAndOneThatThrowsHoldsUpNoOther() throws Exception {
        List<BusState> first = new CopyOnWriteArrayList<>();
        List<BusState> second = new CopyOnWriteArrayList<>();
        BusListener throwing = new BusListener() {
            @Override
            public void onState(BusState state) {
                first.add(state);
                throw new IllegalStateException("on purpose");
            }
        };
        BusListener later = new BusListener() {
            @Override
            public void onState(BusState state) {
                second.add(state);
            }
        };
        here.addListener(throwing);
        here.addListener(later);
        takeDown();
        await().until(() -> second.contains(BusState.DOWN));
        here.removeListener(throwing);
        bringUp();
        await().until(() -> second.contains(BusState.UP));
        assertEquals(List.of(BusState.DOWN), first);
        assertEquals(List.of(BusState.DOWN, BusState.UP), second);
    }

    @Test
    void patternsThatShareAGlobEachGetWhatTheyMatch() throws Exception {
        List<String> one = new CopyOnWriteArrayList<>();
        List<String> rest = new CopyOnWriteArrayList<>();
        List<String> exact = new CopyOnWriteArrayList<>();
        ready(there.subscribe("a.*", Integer.class, event -> one.add(event.topic())));
        Subscription all = there.subscribe("a.**", Integer.class, event -> rest.add(event.topic()));
        ready(all);
        ready(there.subscribe("a.b", Integer.class, event -> exact.add(event.topic())));
        for (String topic : List.of("a.b", "a.b.c", "a", "ab.c", "a.d")) {
            here.publish(topic, 1).get(5, SECONDS);
        }
        // Order is promised within a topic; in a cluster the topics come by different ways.
        await().until(() -> rest.size() == 3 && rest.containsAll(List.of("a.b", "a.b.c", "a.d")));
        await().until(() -> one.size() == 2 && one.containsAll(List.of("a.b", "a.d")) && exact.equals(List.of("a.b")));

        all.close();
        all.closed().get(5, SECONDS);
        here.publish("a.e", 1).get(5, SECONDS);
        await().until(() -> one.contains("a.e"));
        assertEquals(3, rest.size());
    }

    @Test
    void subscriptionsOfOneTopicWithTheSameTypeGetTheSameObject() throws Exception {
        CompletableFuture<Order> first = new CompletableFuture<>();
        CompletableFuture<JsonNode> other = new CompletableFuture<>();
        CompletableFuture<Order> second = new CompletableFuture<>();
        ready(there.subscribe(PLACED, event -> first.complete(event.data())));
        ready(there.subscribe("orders.placed", JsonNode.class, event -> other.complete(event.data())));
        ready(there.subscribe(PLACED, event -> second.complete(event.data())));
        assertEquals(1, here.publish(PLACED, new Order("o", 1)).get(5, SECONDS));
        assertSame(first.get(5, SECONDS), second.get(5, SECONDS));
        assertEquals("o", other.get(5, SECONDS).get("id").textValue());
    }

    @Test
    void whatGoesWrongWithOneEventIsReportedAndTheNextIsHandled() throws Exception {
        List<Object> handled = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Integer.class, event -> {
            if (event.data() == 2) {
                throw new IllegalStateException("on purpose; its trace belongs to this test");
            }
            handled.add(event.data());
        }));
        here.publish("n", 1);
        here.publish("n", 2);
        here.publish("n", "no number");
        here.publish("n", 3).get(5, SECONDS);
        await().until(() -> handled.equals(List.of(1, 3)));
        String channel = BusRuntime.of(there).channels().names().event("n");
        raw("garbage");
        raw("{\"not\":\"an event\"}");
        raw("[{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"/s\",\"type\":\"T\",\"data\":4},{broken}]");
        await().until(() -> handled.equals(List.of(1, 3, 4)));
        await().until(() -> listener.told.size() == 5);
        assertEquals("failed n 2: on purpose; its trace belongs to this test", listener.told.get(0));
        assertTrue(listener.told
                .get(1)
                .startsWith(
                        "bad n: Event 3 of /nodes/" + here.node() + " is not a valid Integer (its type is String): "));
        assertEquals("bad " + channel + ": The frame begins with neither { nor [", listener.told.get(2));
        assertEquals("bad " + channel + ": An event was dropped: its specversion is missing", listener.told.get(3));
    }

    @Test
    void aDeserializerThatThrowsIsReportedAsABadMessage() throws Exception {
        ready(there.subscribe("n", Stubborn.class, event -> {}));
        here.publish("n", 1);
        await().until(() -> listener.told.size() == 1);
        assertEquals(
                "bad n: Event 1 of /nodes/" + here.node()
                        + " is not a valid Stubborn (its type is Integer): reading it failed with java.lang.IllegalStateException",
                listener.told.get(0));
    }

    @Test
    void tenThousandEventsArriveInOrderWithoutAGap() throws Exception {
        List<Integer> numbers = new ArrayList<>(); // one handler at a time
        AtomicInteger last = new AtomicInteger();
        Subscription subscription = there.subscribe("n", Integer.class, event -> {
            numbers.add(event.data());
            last.set(event.data());
        });
        ready(subscription);
        List<CompletableFuture<Long>> publishing =
                IntStream.range(0, 10_000).mapToObj(i -> here.publish("n", i)).toList();
        for (CompletableFuture<Long> one : publishing) {
            assertEquals(1, one.get(10, SECONDS));
        }
        await().until(() -> last.get() == 9_999);
        subscription.close();
        subscription.closed().get(10, SECONDS);
        assertEquals(IntStream.range(0, 10_000).boxed().toList(), numbers);
        there.close(); // its reports have been handed over then
        assertEquals(List.of(), listener.told);
    }

    @Test
    void aBlockedHandlerDoesNotHoldUpAnotherSubscriptionOfItsTopic() throws Exception {
        List<Integer> slow = new CopyOnWriteArrayList<>();
        List<Integer> quick = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Integer.class, event -> {
            gate.await();
            slow.add(event.data());
        }));
        ready(there.subscribe("n", Integer.class, event -> quick.add(event.data())));
        List<Integer> numbers = IntStream.range(0, 500).boxed().toList();
        numbers.forEach(i -> here.publish("n", i));
        await().until(() -> quick.equals(numbers));
        assertEquals(List.of(), slow);
        gate.countDown();
        await().until(() -> slow.equals(numbers));
    }

    @Test
    void joiningLateOrByPatternIsNoGap() throws Exception {
        for (int i = 0; i < 10; i++) {
            here.publish("n.a", i).get(5, SECONDS);
            there.publish("n.b", i).get(5, SECONDS);
        }
        List<Integer> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n.a", Integer.class, event -> seen.add(event.data())));
        ready(there.subscribe("n.*", Integer.class, event -> seen.add(event.data())));
        here.publish("n.a", 10).get(5, SECONDS);
        there.publish("n.b", 10).get(5, SECONDS);
        here.publish("n.a", 11).get(5, SECONDS);
        // In a cluster, events from before the pattern's subscription may still be on their way between the nodes.
        await().until(() -> Collections.frequency(seen, 11) == 2 && Collections.frequency(seen, 10) == 3);
        there.close(); // its reports have been handed over then
        assertEquals(List.of(), listener.told);
    }

    @Test
    void whatHangsOnAFutureNeverRunsOnAnIoThread() throws Exception {
        List<CompletableFuture<String>> names = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Subscription subscription = here.subscribe("n" + i, Integer.class, event -> {});
            names.add(subscription
                    .ready()
                    .thenApply(done -> Thread.currentThread().getName()));
            names.add(here.publish("n", i)
                    .thenApply(done -> Thread.currentThread().getName()));
            subscription.close();
            names.add(subscription
                    .closed()
                    .thenApply(done -> Thread.currentThread().getName()));
        }
        for (CompletableFuture<String> name : names) {
            String thread = name.get(10, SECONDS);
            assertFalse(thread.contains("io") || thread.contains("redisson"), thread);
        }
    }

    @Test
    void aMessageThatIsTooLargeIsRefused() {
        PublishException failure = failure(here.publish("n", "x".repeat(2 * 1024 * 1024)));
        assertEquals(Reason.TOO_LARGE, failure.reason());
        await().until(() -> listener.told.equals(List.of("unpublished n TOO_LARGE")));
    }

    @Test
    void whileTheNetworkIsAwayPublishingFailsAndAfterwardsEventsFlowAgain() throws Exception {
        List<Integer> seen = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Integer.class, event -> seen.add(event.data())));
        takeDown();
        try {
            await().atMost(10, SECONDS).until(() -> {
                PublishException failure = failure(here.publish("n", 1));
                assertEquals(Reason.CONNECTION_LOST, failure.reason());
                return failure.outcome() == Outcome.NOT_SENT;
            });
            await().atMost(10, SECONDS).until(() -> listener.told.contains("DOWN"));
        } finally {
            bringUp();
        }
        await().atMost(20, SECONDS).until(() -> {
            here.publish("n", 2).handle((count, failure) -> null).get(5, SECONDS);
            return seen.contains(2);
        });
        await().atMost(10, SECONDS).until(() -> listener.told.contains("interrupted n"));
        await().atMost(10, SECONDS).until(() -> listener.told.contains("UP"));
    }

    private void raw(String frame) throws Exception {
        RawFrames.publish(here, "n", frame).get(5, SECONDS);
    }
}
