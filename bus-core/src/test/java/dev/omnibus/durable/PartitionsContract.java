package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What topics with partitions do on every transport. */
abstract class PartitionsContract extends DurableFixture {

    private static final Topic<Order> PARTED = Topic.of("orders.parted", Order.class);
    private static final Partitions<Order> FOUR = Partitions.by(4, Order::id);
    private static final GroupOptions ORDERED = QUICK.withSingleActiveConsumer();

    private DurableTopic<Order> parted;
    private DurableTopic<Order> partedThere;

    @BeforeEach
    void openParted() throws Exception {
        parted = DurableTopics.on(here).topic(PARTED, KEPT, FOUR);
        partedThere = DurableTopics.on(there).topic(PARTED, KEPT, FOUR);
        parted.ready().get(10, SECONDS);
        partedThere.ready().get(10, SECONDS);
    }

    private static String key(int i) {
        return "o-" + i % 20; // in all partitions
    }

    private void publishTo(DurableTopic<Order> topic, int from, int to) throws Exception {
        List<CompletableFuture<Position>> publishing = new ArrayList<>();
        for (int i = from; i < to; i++) {
            publishing.add(topic.publish(new Order(key(i), i)));
        }
        for (CompletableFuture<Position> one : publishing) {
            one.get(10, SECONDS);
        }
    }

    /** The numbers of each key, in the order in which they came. */
    private static void assertInOrderPerKey(Collection<Order> handled) {
        Map<String, Integer> last = new HashMap<>();
        for (Order order : handled) {
            Integer before = last.put(order.id(), order.count());
            assertTrue(before == null || before < order.count(), () -> order + " came after " + before);
        }
    }

    private static List<Integer> counts(Collection<Order> orders) {
        return orders.stream().map(Order::count).sorted().toList();
    }

    private static List<Integer> upTo(int end) {
        return IntStream.range(0, end).boxed().toList();
    }

    @Test
    void anOrderedGroupIsSpreadOverItsNodesAndKeepsTheOrderPerKeyWhenTheyComeAndGo() throws Exception {
        List<Order> handled = new CopyOnWriteArrayList<>();
        Map<Integer, String> nodes = new ConcurrentHashMap<>();
        ready(parted.subscribe("g", ORDERED, (event, delivery) -> {
            nodes.put(event.data().count(), "here");
            handled.add(event.data());
        }));
        publishTo(partedThere, 0, 100);
        Subscription joining = partedThere.subscribe("g", ORDERED, (event, delivery) -> {
            nodes.put(event.data().count(), "there");
            handled.add(event.data());
        });
        ready(joining);
        int[] published = {100};
        await().until(() -> {
            publishTo(partedThere, published[0], published[0] + 20);
            int from = published[0];
            published[0] += 20;
            await().until(() -> handled.size() == published[0]);
            return IntStream.range(from, published[0])
                            .filter(i -> "there".equals(nodes.get(i)))
                            .count()
                    >= 4; // at least one key of half of the partitions
        });
        Set<Integer> ofThere = new HashSet<>();
        IntStream.range(published[0] - 20, published[0])
                .filter(i -> "there".equals(nodes.get(i)))
                .forEach(i -> ofThere.add(FOUR.partitionOf(key(i))));
        assertEquals(2, ofThere.size());
        joining.close();
        joining.closed().get(10, SECONDS);
        publishTo(partedThere, published[0], published[0] + 20);
        await().until(() -> handled.size() == published[0] + 20);
        assertInOrderPerKey(handled);
        assertEquals(upTo(published[0] + 20), counts(handled));
        assertEquals(List.of(), reported);
    }

    @Test
    void aGroupWithoutOrderReadsAllPartitionsOnAllNodes() throws Exception {
        List<Order> handled = new CopyOnWriteArrayList<>();
        Set<String> seen = ConcurrentHashMap.newKeySet(); // partitions by node
        for (DurableTopic<Order> topic : List.of(parted, partedThere)) {
            ready(topic.subscribe("g", GroupOptions.defaults().withWindow(8, 1 << 20), (event, delivery) -> {
                seen.add((topic == parted ? "here " : "there ")
                        + delivery.position().partition());
                handled.add(event.data());
            }));
        }
        int[] published = {0};
        await().until(() -> {
            publishTo(parted, published[0], published[0] + 200);
            published[0] += 200;
            await().until(() -> handled.size() == published[0]);
            return seen.size() == 8;
        });
        assertEquals(upTo(published[0]), counts(handled));
        assertEquals(List.of(), reported);
    }

    @Test
    void handlersOfOneNodeAreAsManyAsItsOptionsSayWhicheverPartitionsItHas() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<CompletableFuture<Void>> begun = new CopyOnWriteArrayList<>();
        List<Order> handled = new CopyOnWriteArrayList<>();
        ready(parted.subscribeAsync("two", ORDERED.withConcurrency(2), (event, delivery) -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            CompletableFuture<Void> end = new CompletableFuture<>();
            begun.add(end);
            return end.thenRun(() -> {
                running.decrementAndGet();
                handled.add(event.data());
            });
        }));
        publishTo(parted, 0, 40);
        for (int i = 0; i < 40; i++) {
            int next = i;
            await().until(() -> begun.size() > next);
            begun.get(i).complete(null);
        }
        await().until(() -> handled.size() == 40);
        assertEquals(2, most.get());
        assertInOrderPerKey(handled);
    }

    @Test
    void anEventThatFailsHoldsUpItsKeyOnly() throws Exception {
        List<Order> handled = new CopyOnWriteArrayList<>();
        CompletableFuture<Void> mended = new CompletableFuture<>();
        GroupOptions patient = GroupOptions.defaults()
                .withSingleActiveConsumer()
                .withRetries(500, Duration.ofMillis(10), Duration.ofMillis(20));
        ready(parted.subscribe("g", patient, (event, delivery) -> {
            if (event.data().count() == 3 && !mended.isDone()) {
                throw new IllegalStateException("not yet");
            }
            handled.add(event.data());
        }));
        publishTo(parted, 0, 60);
        await().until(() -> handled.size() == 57); // all but three with the key of 3
        mended.complete(null);
        await().until(() -> handled.size() == 60);
        assertInOrderPerKey(handled);
    }

    @Test
    void anotherNumberOfPartitionsIsRefusedAndBothAreNamed() throws Exception {
        try (Bus third = bus("third", connect())) {
            DurableTopic<Order> eight = DurableTopics.on(third).topic(PARTED, KEPT, Partitions.by(8, Order::id));
            String why = String.valueOf(
                    failure(DurableTopicException.class, eight.ready()).getMessage());
            assertTrue(why.contains("each of 4 partitions") && why.contains("each of 8 partitions"), why);
            for (int i = 0; i < 8; i++) {
                PublishException refused = failure(PublishException.class, eight.publish(new Order("o-" + i, i)));
                assertEquals(PublishException.Outcome.NOT_SENT, refused.outcome());
            }
            Subscription none = eight.subscribe("g", event -> {});
            assertThrows(ExecutionException.class, () -> none.ready().get(10, SECONDS));
            none.closed().get(10, SECONDS);
            DurableTopic<Order> parts = DurableTopics.on(third).topic(ORDERS, KEPT, FOUR);
            why = String.valueOf(
                    failure(DurableTopicException.class, parts.ready()).getMessage());
            assertTrue(why.contains("without partitions") && why.contains("4 partitions"), why);
        }
        try (Bus fourth = bus("fourth", connect())) {
            DurableTopic<Order> whole = DurableTopics.on(fourth).topic(PARTED, KEPT);
            failure(DurableTopicException.class, whole.ready());
        }
        assertThrows(IllegalStateException.class, () -> DurableTopics.on(here).topic(PARTED, KEPT));
        assertThrows(
                IllegalStateException.class,
                () -> DurableTopics.on(here).topic(PARTED, KEPT, Partitions.by(8, Order::id)));
    }

    @Test
    void whatCannotBeOrderedIsRefusedAtOnce() throws Exception {
        GroupOptions keyed = GroupOptions.defaults().withOrderingKey(event -> "mine");
        assertThrows(IllegalArgumentException.class, () -> parted.subscribe("g", keyed, (event, delivery) -> {}));
        for (String bad : List.of("", "x".repeat(Partitions.MAX_KEY + 1))) {
            assertThrows(IllegalArgumentException.class, () -> parted.publish(new Order(bad, 1)));
        }
        PublishOptions other = PublishOptions.defaults().withHeaders(Map.of(Partitions.KEY, "other"));
        assertThrows(IllegalArgumentException.class, () -> parted.publish(new Order("o", 1), other));
        Position place = parted.publish(new Order("o", 1)).get(10, SECONDS);
        assertThrows(IllegalArgumentException.class, () -> parted.follow(place, (event, position) -> {}));
        GroupOptions from = GroupOptions.defaults().withStart(place);
        assertThrows(IllegalArgumentException.class, () -> parted.subscribe("g", from, (event, delivery) -> {}));
        Subscription first = parted.subscribe("g", event -> {});
        assertThrows(IllegalStateException.class, () -> parted.subscribe("g", event -> {}));
        ready(first);
    }

    @Test
    void theKeyAndTheGivenIdGoWithTheEvent() throws Exception {
        CompletableFuture<Event<Order>> seen = new CompletableFuture<>();
        List<Order> handled = new CopyOnWriteArrayList<>();
        ready(partedThere.subscribe("g", event -> {
            handled.add(event.data());
            seen.complete(event);
        }));
        PublishOptions seventeen = PublishOptions.defaults().withId("17");
        Position first = parted.publish(new Order("o-17", 1), seventeen).get(10, SECONDS);
        assertEquals(first, partedThere.publish(new Order("o-17", 2), seventeen).get(10, SECONDS));
        assertEquals(FOUR.partitionOf("o-17"), first.partition());
        assertEquals(first, Position.parse(first.toString()));
        Event<Order> event = seen.get(10, SECONDS);
        assertEquals(Map.of(Partitions.KEY, "o-17"), event.headers());
        assertEquals("/nodes/" + here.node() + "/durable/" + first.partition(), event.source());
        publishTo(parted, 0, 1);
        await().until(() -> handled.size() == 2);
        assertEquals(List.of(0, 1), counts(handled));
    }

    @Test
    void liveSubscribersHearAllPartitionsWithoutAGap() throws Exception {
        List<Order> live = new CopyOnWriteArrayList<>();
        ready(there.subscribe(PARTED, event -> live.add(event.data())));
        publishTo(parted, 0, 200);
        await().until(() -> live.size() == 200);
        assertInOrderPerKey(live);
        assertEquals(List.of(), reported);
    }

    private List<DeadLetter<Order>> letters(int limit) throws Exception {
        return parted.deadLetters("g").list(limit).get(10, SECONDS);
    }

    @Test
    void deadLettersAreListedByTimeAndRedeliveredToTheirPartition() throws Exception {
        CompletableFuture<Void> mended = new CompletableFuture<>();
        List<Order> handled = new CopyOnWriteArrayList<>();
        ready(partedThere.subscribe("g", ORDERED, (event, delivery) -> {
            if (mended.isDone()) {
                handled.add(event.data());
            } else {
                delivery.reject("closed");
            }
        }));
        publishTo(parted, 0, 20);
        await().until(() -> letters(100).size() == 20);
        List<DeadLetter<Order>> all = letters(100);
        assertEquals(
                all.stream().map(DeadLetter::id).sorted().toList(),
                all.stream().map(DeadLetter::id).toList());
        List<DeadLetter<Order>> pages = new ArrayList<>(letters(3));
        for (List<DeadLetter<Order>> page = pages; !page.isEmpty(); pages.addAll(page)) {
            Position last = pages.get(pages.size() - 1).id();
            page = parted.deadLetters("g").list(last, 3).get(10, SECONDS);
        }
        assertEquals(all, pages);
        Position one = all.get(7).id();
        int partition = FOUR.partitionOf(all.get(7).event().orElseThrow().data().id());
        assertEquals(partition, one.partition());
        assertEquals(partition, all.get(7).position().partition());
        Position elsewhere = new Position(one.millis(), one.sequence(), 99);
        assertFalse(parted.deadLetters("g").redeliver(elsewhere).get(10, SECONDS));
        assertFalse(orders.deadLetters("g").redeliver(one).get(10, SECONDS));
        assertTrue(parted.deadLetters("g").discard(all.get(3).id()).get(10, SECONDS));
        mended.complete(null);
        assertTrue(parted.deadLetters("g").redeliver(one).get(10, SECONDS));
        await().until(() ->
                handled.equals(List.of(all.get(7).event().orElseThrow().data())));
        assertEquals(18L, parted.deadLetters("g").redeliverAll().get(10, SECONDS));
        await().until(() -> handled.size() == 19 && letters(100).isEmpty());
    }

    @Test
    void theStatusIsTheSumOfThePartitionsAndAGroupIsForgottenInAll() throws Exception {
        Subscription gone = parted.subscribe("gone", event -> gate.await());
        ready(gone);
        publishTo(parted, 0, 40);
        await().until(() -> parted.status().get(10, SECONDS).groups().get(0).pending() == 40);
        DurableTopicStatus status = parted.status().get(10, SECONDS);
        assertEquals(40, status.entries());
        assertEquals(4, status.partitions().size());
        for (int i = 0; i < 4; i++) {
            int partition = i;
            long count = IntStream.range(0, 40)
                    .filter(n -> FOUR.partitionOf(key(n)) == partition)
                    .count();
            DurableTopicStatus part = status.partitions().get(i);
            assertEquals(count, part.entries());
            assertEquals(count, part.groups().get(0).pending());
            assertEquals(i, part.last().partition());
        }
        assertEquals(List.of(here.node()), status.groups().get(0).nodes());
        assertTrue(status.groups().get(0).oldest().isPresent());
        assertEquals(List.of(), orders.status().get(10, SECONDS).partitions());
        gate.countDown();
        gone.close();
        gone.closed().get(10, SECONDS);
        assertTrue(partedThere.forget("gone").get(10, SECONDS));
        assertFalse(partedThere.forget("gone").get(10, SECONDS));
        assertEquals(List.of(), parted.status().get(10, SECONDS).groups());
    }

    @Test
    void followersGetAllPartitionsOneEventAtATimeAndGoOnWhereTheyWere() throws Exception {
        Instant before = Instant.now().minusSeconds(3600);
        publishTo(parted, 0, 100);
        List<Order> all = new ArrayList<>(); // no two threads at once
        List<Order> since = new CopyOnWriteArrayList<>();
        List<Order> live = new CopyOnWriteArrayList<>();
        Subscription named = parted.follow("chart", (event, position) -> all.add(event.data()));
        ready(named);
        ready(parted.follow(Position.since(before), (event, position) -> since.add(event.data())));
        ready(parted.follow(Position.LATEST, (event, position) -> live.add(event.data())));
        await().until(() -> named.stats().handled() == 100 && since.size() == 100);
        assertInOrderPerKey(since);
        named.close();
        named.closed().get(10, SECONDS);
        assertEquals(upTo(100), counts(all));
        assertInOrderPerKey(all);
        publishTo(parted, 100, 120);
        List<Order> next = new CopyOnWriteArrayList<>();
        ready(partedThere.follow("chart", (event, position) -> next.add(event.data())));
        await().until(() -> next.size() == 20 && live.size() == 20);
        assertEquals(IntStream.range(100, 120).boxed().toList(), counts(next));
        await().until(() -> {
            List<DurableTopicStatus.Follower> followers =
                    parted.status().get(10, SECONDS).followers();
            return followers.size() == 1 && followers.get(0).behind().isEmpty();
        });
        assertTrue(parted.forgetFollower("chart").get(10, SECONDS));
    }

    @Test
    void aFollowerThatWaitsForItsOwnEndInItsHandlerIsRefused() throws Exception {
        CompletableFuture<Subscription> own = new CompletableFuture<>();
        CompletableFuture<Throwable> refused = new CompletableFuture<>();
        own.complete(parted.follow(Position.EARLIEST, (event, position) -> {
            try {
                own.join().closed().join();
            } catch (IllegalStateException e) {
                refused.complete(e);
            }
        }));
        publishTo(parted, 0, 1);
        assertInstanceOf(IllegalStateException.class, refused.get(10, SECONDS));
    }

    @Test
    void thePartitionOfAKeyIsFullWhileOthersHaveRoom() throws Exception {
        Topic<Order> small = Topic.of("orders.few", Order.class);
        DurableTopic<Order> few = DurableTopics.on(here).topic(small, KEPT.withMaxEntries(8), FOUR);
        CountDownLatch held = new CountDownLatch(1);
        ready(few.subscribe("g", event -> held.await()));
        String full = "o-0";
        few.publish(new Order(full, 1)).get(10, SECONDS);
        few.publish(new Order(full, 2)).get(10, SECONDS);
        assertEquals(
                PublishException.Reason.FULL,
                failure(PublishException.class, few.publish(new Order(full, 3))).reason());
        String other = IntStream.range(1, 100)
                .mapToObj(i -> "o-" + i)
                .filter(key -> FOUR.partitionOf(key) != FOUR.partitionOf(full))
                .findFirst()
                .orElseThrow();
        few.publish(new Order(other, 4)).get(10, SECONDS);
        held.countDown();
    }

    @Test
    void anOutboxIsRelayedInOrderPerKey() throws Exception {
        Map<String, OutboxRow<Order>> table = new java.util.TreeMap<>();
        for (int i = 0; i < 400; i++) {
            String id = String.format("%04d", i);
            table.put(id, new OutboxRow<>(id, new Order(key(i), i)));
        }
        List<Order> handled = new CopyOnWriteArrayList<>();
        ready(partedThere.subscribe("g", ORDERED, (event, delivery) -> handled.add(event.data())));
        try (OutboxRelay relay = OutboxRelay.start(parted, new OutboxSource<Order>() {

            @Override
            public synchronized List<OutboxRow<Order>> next(int max) {
                return table.values().stream().limit(max).toList();
            }

            @Override
            public synchronized void done(Collection<String> ids) {
                table.keySet().removeAll(ids);
            }
        })) {
            await().until(() -> handled.size() == 400);
            assertTrue(relay.isActive());
        }
        assertInOrderPerKey(handled);
        assertEquals(upTo(400), counts(handled));
    }
}
