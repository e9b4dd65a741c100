package dev.omnibus.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What durable topics do on every transport. */
abstract class DurableTopicContract extends DurableFixture {

    @Test
    void eachGroupGetsEveryEventOnOneOfItsNodes() throws Exception {
        List<Integer> shipping = new CopyOnWriteArrayList<>();
        Set<String> nodes = ConcurrentHashMap.newKeySet();
        List<Integer> billing = new CopyOnWriteArrayList<>();
        ready(orders.subscribe("shipping", event -> {
            nodes.add("here");
            shipping.add(event.data().count());
        }));
        ready(ordersThere.subscribe("shipping", event -> {
            nodes.add("there");
            shipping.add(event.data().count());
        }));
        ready(ordersThere.subscribe("billing", event -> billing.add(event.data().count())));
        for (int i = 0; i < 1_000; i++) {
            orders.publish(new Order("o", i));
        }
        await().until(() -> shipping.size() == 1_000 && billing.size() == 1_000);
        List<Integer> all = IntStream.range(0, 1_000).boxed().toList();
        assertEquals(all, shipping.stream().sorted().toList());
        assertEquals(all, billing); // one at a time on one node: in order
        await().until(() -> orders.status().get(5, SECONDS).groups().stream()
                .allMatch(group -> group.pending() == 0 && group.lag().orElse(0) == 0));
        assertEquals(List.of(), reported);
    }

    @Test
    void publishingCompletesWithPositionsThatRise() throws Exception {
        List<CompletableFuture<Position>> publishing = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            publishing.add(orders.publish(new Order("o", i)));
        }
        Position before = Position.EARLIEST;
        for (CompletableFuture<Position> one : publishing) {
            Position position = one.get(10, SECONDS);
            assertTrue(before.compareTo(position) < 0, before + " and " + position);
            before = position;
        }
        assertEquals(before, orders.status().get(5, SECONDS).last());
        assertEquals(before, Position.parse(before.toString()));
    }

    @Test
    void aGroupBeginsWhereItsOptionsSayAndGoesOnWhereItWas() throws Exception {
        publish(1, 2);
        Position second = orders.status().get(5, SECONDS).last();
        publish(3);
        List<Integer> all = new CopyOnWriteArrayList<>();
        List<Integer> later = new CopyOnWriteArrayList<>();
        Subscription early =
                orders.subscribe("early", event -> all.add(event.data().count()));
        ready(orders.subscribe(
                "late",
                GroupOptions.defaults().withStart(second),
                (event, delivery) -> later.add(event.data().count())));
        await().until(() -> all.equals(List.of(1, 2, 3)) && later.equals(List.of(3)));
        early.close();
        early.closed().get(10, SECONDS);
        publish(4);
        ready(ordersThere.subscribe("early", event -> all.add(event.data().count())));
        await().until(() -> all.equals(List.of(1, 2, 3, 4)) && later.equals(List.of(3, 4)));
    }

    @Test
    void theHandlerSeesTheEventAsItWasPublished() throws Exception {
        CompletableFuture<Event<Order>> seen = new CompletableFuture<>();
        CompletableFuture<Delivery> delivered = new CompletableFuture<>();
        ready(ordersThere.subscribe("g", (event, delivery) -> {
            seen.complete(event);
            delivered.complete(delivery);
        }));
        Position position = orders.publish(
                        new Order("o-17", 3), PublishOptions.defaults().withHeaders(Map.of("tenant", "blue")))
                .get(5, SECONDS);
        Event<Order> event = seen.get(5, SECONDS);
        assertEquals(new Order("o-17", 3), event.data());
        assertEquals(Map.of("tenant", "blue"), event.headers());
        assertEquals(1, event.sequence());
        assertEquals("/nodes/" + here.node() + "/durable", event.source());
        Delivery delivery = delivered.get(5, SECONDS);
        assertEquals(position, delivery.position());
        assertEquals(1, delivery.starts());
        assertFalse(delivery.mayHaveRun());
    }

    @Test
    void anEventWithAnIdIsStoredOnceWhoeverPublishesIt() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        ready(orders.subscribe(
                "g", event -> seen.add(event.id() + " " + event.data().id())));
        PublishOptions seventeen = PublishOptions.defaults().withId("17 \"\u00fc\"");
        Position first = orders.publish(new Order("first", 1), seventeen).get(5, SECONDS);
        List<CompletableFuture<Position>> publishing = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            publishing.add(ordersThere.publish(new Order("again", i), seventeen));
            publishing.add(ordersThere.publish(new Order("other", i)));
        }
        Position last = first;
        for (int i = 0; i < publishing.size(); i++) {
            Position position = publishing.get(i).get(5, SECONDS);
            if (i % 2 == 0) {
                assertEquals(first, position);
            } else {
                assertTrue(last.compareTo(position) < 0, last + " and " + position);
                last = position;
            }
        }
        assertEquals(last, orders.status().get(5, SECONDS).last());
        await().until(() -> seen.size() == 21);
        assertEquals("17 \"\u00fc\" first", seen.get(0));
        assertEquals(20, seen.stream().filter(one -> one.endsWith(" other")).count());
        assertEquals(List.of(), reported);
        for (String id : List.of("", "x".repeat(257), "a\nb")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> PublishOptions.defaults().withId(id));
        }
    }

    @Test
    void liveSubscribersHearWhatIsAppended() throws Exception {
        List<Integer> live = new CopyOnWriteArrayList<>();
        ready(there.subscribe(ORDERS, event -> live.add(event.data().count())));
        publish(1, 2, 3);
        await().until(() -> live.equals(List.of(1, 2, 3)));
        assertThrows(IllegalStateException.class, () -> here.publish(ORDERS, new Order("o", 1)));
    }

    @Test
    void nothingThatAHandlerDoesEndsItsSubscription() throws Exception {
        List<Integer> handled = new CopyOnWriteArrayList<>();
        ready(ordersThere.subscribe("g", QUICK, (event, delivery) -> {
            switch (event.data().count()) {
                case 1 -> throw new IllegalArgumentException("exception");
                case 2 -> throw new StackOverflowError("error");
                case 3 -> Thread.currentThread().interrupt();
                case 4 -> throw new InterruptedException("interrupted");
                default -> {}
            }
            handled.add(event.data().count());
        }));
        publish(1, 2, 3, 4, 5);
        await().until(() -> handled.equals(List.of(3, 5)) && deadLetters("g").size() == 3);
        Topic<Integer> other = Topic.of(ORDERS.name(), Integer.class);
        assertThrows(IllegalStateException.class, () -> DurableTopics.on(here).topic(other, KEPT));
    }

    private List<DeadLetter<Order>> deadLetters(String group) throws Exception {
        return orders.deadLetters(group).list(100).get(5, SECONDS);
    }

    @Test
    void anEventThatFailsTooOftenIsADeadLetterAndCanBeRedelivered() throws Exception {
        AtomicInteger starts = new AtomicInteger();
        List<String> seen = new CopyOnWriteArrayList<>();
        List<Integer> others = new CopyOnWriteArrayList<>();
        CompletableFuture<Void> fixed = new CompletableFuture<>();
        ready(ordersThere.subscribe("g", QUICK, (event, delivery) -> {
            starts.incrementAndGet();
            seen.add(delivery.starts() + " " + delivery.mayHaveRun());
            if (!fixed.isDone()) {
                throw new IllegalStateException("no such sku");
            }
        }));
        ready(orders.subscribe("others", event -> others.add(event.data().count())));
        publish(1);
        await().until(() -> deadLetters("g").size() == 1);
        assertEquals(3, starts.get());
        assertEquals(List.of("1 false", "2 true", "3 true"), seen);
        DeadLetter<Order> letter = deadLetters("g").get(0);
        assertEquals(1, letter.event().orElseThrow().data().count());
        assertEquals("java.lang.IllegalStateException: no such sku", letter.reason());
        await().until(() -> reported.containsAll(
                List.of("dead g: java.lang.IllegalStateException: no such sku", "failed no such sku")));
        fixed.complete(null);
        assertTrue(orders.deadLetters("g").redeliver(letter.id()).get(5, SECONDS));
        await().until(() -> starts.get() == 4);
        await().until(() -> redelivered.contains("it was a dead letter, and was redelivered"));
        assertEquals(List.of(), deadLetters("g"));
        assertFalse(orders.deadLetters("g").redeliver(letter.id()).get(5, SECONDS));
        publish(2);
        await().until(() -> others.equals(List.of(1, 2))); // the redelivered one was not meant for them
    }

    @Test
    void allDeadLettersAreRedeliveredOrOneIsDiscarded() throws Exception {
        Set<Integer> handled = ConcurrentHashMap.newKeySet();
        CompletableFuture<Void> fixed = new CompletableFuture<>();
        ready(ordersThere.subscribe("g", (event, delivery) -> {
            if (fixed.isDone()) {
                handled.add(event.data().count());
            } else {
                delivery.reject("closed");
            }
        }));
        publish(1, 2, 3, 4);
        await().until(() -> deadLetters("g").size() == 4);
        assertEquals("closed", deadLetters("g").get(0).reason());
        assertTrue(orders.deadLetters("g").discard(deadLetters("g").get(1).id()).get(5, SECONDS));
        fixed.complete(null);
        assertEquals(3, orders.deadLetters("g").redeliverAll().get(5, SECONDS));
        await().until(() -> handled.equals(Set.of(1, 3, 4)));
        assertEquals(List.of(), deadLetters("g"));
    }

    @Test
    void anEventThatIsPutOffIsNotCountedAsFailed() throws Exception {
        List<Integer> starts = new CopyOnWriteArrayList<>();
        ready(ordersThere.subscribe("g", QUICK, (event, delivery) -> {
            starts.add(delivery.starts());
            if (starts.size() < 10) {
                delivery.retryLater(Duration.ofMillis(1));
                throw new IllegalStateException("what it has said decides");
            }
        }));
        publish(1);
        await().until(() -> starts.size() == 10);
        await().until(() -> pending("g") == 0);
        assertEquals(List.of(), deadLetters("g"));
    }

    private long pending(String group) throws Exception {
        return orders.status().get(5, SECONDS).groups().stream()
                .filter(one -> one.name().equals(group))
                .mapToLong(DurableTopicStatus.Group::pending)
                .sum();
    }

    @Test
    void anEventIsAcknowledgedWhenItsStageCompletes() throws Exception {
        List<CompletableFuture<Void>> stages = new CopyOnWriteArrayList<>();
        ready(ordersThere.subscribeAsync("g", QUICK.withConcurrency(2), (event, delivery) -> {
            CompletableFuture<Void> stage = new CompletableFuture<>();
            stages.add(stage);
            return stage;
        }));
        publish(1, 2, 3);
        await().until(() -> stages.size() == 2);
        assertEquals(3, pending("g")); // and the third one waits for a place
        stages.get(0).complete(null);
        await().until(() -> stages.size() == 3);
        stages.get(1).completeExceptionally(new IllegalStateException("on purpose"));
        await().until(() -> stages.size() == 4);
        stages.get(2).complete(null);
        stages.get(3).complete(null);
        await().until(() -> pending("g") == 0);
        await().until(() -> reported.equals(List.of("redelivered g")));
    }

    @Test
    void eventsWithOneKeyKeepTheirOrderThroughRetries() throws Exception {
        Map<String, List<Integer>> handled = new ConcurrentHashMap<>();
        Set<Integer> failed = ConcurrentHashMap.newKeySet();
        GroupOptions keyed = QUICK.withConcurrency(8).withOrderingKey(event -> ((Order) event.data()).id());
        ready(ordersThere.subscribe("g", keyed, (event, delivery) -> {
            int count = event.data().count();
            if (count % 7 == 0 && failed.add(count)) {
                throw new IllegalStateException("on purpose");
            }
            handled.computeIfAbsent(event.data().id(), key -> new CopyOnWriteArrayList<>())
                    .add(count);
        }));
        for (int i = 0; i < 300; i++) {
            orders.publish(new Order("key-" + i % 5, i));
        }
        await().until(() -> handled.values().stream().mapToInt(List::size).sum() == 300);
        handled.values().forEach(counts -> assertEquals(counts.stream().sorted().toList(), counts));
    }

    @Test
    void aSubscriptionThatIsClosedFinishesWhatItHasStartedAndGivesTheRestBack() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        List<Integer> hereHandled = new CopyOnWriteArrayList<>();
        List<String> thereHandled = new CopyOnWriteArrayList<>();
        Subscription closing = orders.subscribe("g", event -> {
            started.countDown();
            gate.await();
            hereHandled.add(event.data().count());
        });
        ready(closing);
        publish(1, 2, 3);
        assertTrue(started.await(10, SECONDS));
        await().until(() -> pending("g") == 3);
        closing.close();
        assertFalse(closing.closed().isDone());
        gate.countDown();
        closing.closed().get(10, SECONDS);
        assertEquals(List.of(1), hereHandled);
        ready(ordersThere.subscribe(
                "g", (event, delivery) -> thereHandled.add(event.data().count() + " " + delivery.mayHaveRun())));
        await().until(() -> thereHandled.equals(List.of("2 false", "3 false")));
        assertEquals(List.of(), reported);
    }

    @Test
    void whatADeadNodeHadIsTakenOverAndSaysThatItMayHaveRun() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        Set<String> taken = ConcurrentHashMap.newKeySet();
        ready(orders.subscribe("g", event -> {
            started.countDown();
            gate.await();
        }));
        publish(1, 2);
        assertTrue(started.await(10, SECONDS));
        await().until(() -> pending("g") == 2);
        hereTransport.close();
        ready(ordersThere.subscribe(
                "g", (event, delivery) -> taken.add(event.data().count() + " " + delivery.mayHaveRun())));
        await().until(() -> taken.equals(Set.of("1 true", "2 true")));
        await().until(() -> ordersThere.status().get(5, SECONDS).groups().stream()
                .allMatch(group -> group.pending() == 0 && group.nodes().equals(List.of(there.node()))));
    }

    @Test
    void aFollowerReplaysTheLogAndGoesOnLive() throws Exception {
        publish(1, 2);
        Position second = orders.status().get(5, SECONDS).last();
        publish(3);
        List<Integer> all = new CopyOnWriteArrayList<>();
        List<Integer> some = new CopyOnWriteArrayList<>();
        List<Integer> live = new CopyOnWriteArrayList<>();
        List<Integer> recent = new CopyOnWriteArrayList<>();
        List<Position> positions = new CopyOnWriteArrayList<>();
        ready(ordersThere.follow(
                Position.since(Instant.now().minus(Duration.ofDays(1))),
                (event, position) -> recent.add(event.data().count())));
        ready(ordersThere.follow(Position.EARLIEST, (event, position) -> {
            all.add(event.data().count());
            positions.add(position);
        }));
        ready(ordersThere.follow(
                second, (event, position) -> some.add(event.data().count())));
        ready(ordersThere.follow(
                Position.LATEST, (event, position) -> live.add(event.data().count())));
        publish(4, 5);
        await().until(() -> all.equals(List.of(1, 2, 3, 4, 5)));
        await().until(() -> some.equals(List.of(3, 4, 5)) && live.equals(List.of(4, 5)));
        await().until(() -> recent.equals(all));
        assertEquals(positions.stream().sorted().toList(), positions);
        assertEquals(second, positions.get(1));
    }

    @Test
    void aNamedFollowerGoesOnWhereItWas() throws Exception {
        List<Integer> first = new CopyOnWriteArrayList<>();
        List<Integer> next = new CopyOnWriteArrayList<>();
        publish(1, 2);
        Subscription following = orders.follow(
                "chart", (event, position) -> first.add(event.data().count()));
        await().until(() -> first.equals(List.of(1, 2)));
        following.close();
        following.closed().get(10, SECONDS);
        publish(3);
        ready(ordersThere.follow(
                "chart", (event, position) -> next.add(event.data().count())));
        await().until(() -> next.equals(List.of(3)));
    }

    @Test
    void aTopicThatIsOpenedWithAnotherRetentionIsRefusedAndBothAreNamed() throws Exception {
        try (Bus third = bus("third", connect())) {
            DurableTopic<Order> other = DurableTopics.on(third).topic(ORDERS, Retention.forDays(7));
            DurableTopicException refused = failure(DurableTopicException.class, other.ready());
            String why = String.valueOf(refused.getMessage());
            assertTrue(why.contains("kept for PT0S") && why.contains("kept for PT168H"), why);
            PublishException unpublished = failure(PublishException.class, other.publish(new Order("o", 1)));
            assertEquals(PublishException.Reason.REFUSED, unpublished.reason());
            assertEquals(PublishException.Outcome.NOT_SENT, unpublished.outcome());
        }
    }

    @Test
    void aFullTopicRefusesUntilThereIsRoom() throws Exception {
        Topic<Order> small = Topic.of("orders.small", Order.class);
        DurableTopic<Order> few = DurableTopics.on(here).topic(small, KEPT.withMaxEntries(3));
        ready(few.subscribe("g", event -> gate.await()));
        for (int i = 0; i < 3; i++) {
            few.publish(new Order("o", i)).get(5, SECONDS);
        }
        PublishException full = failure(PublishException.class, few.publish(new Order("o", 4)));
        assertEquals(PublishException.Reason.FULL, full.reason());
        assertEquals(PublishException.Outcome.NOT_SENT, full.outcome());
        gate.countDown();
        await().until(() -> {
            try {
                few.publish(new Order("o", 5)).get(5, SECONDS);
                return true;
            } catch (ExecutionException e) {
                return false;
            }
        });
    }

    @Test
    void aGroupThatIsForgottenHoldsNothingUp() throws Exception {
        Subscription gone = orders.subscribe("gone", event -> {});
        ready(gone);
        gone.close();
        gone.closed().get(10, SECONDS);
        publish(1, 2);
        await().until(() -> "gone"
                .equals(orders.status()
                        .get(5, SECONDS)
                        .heldUpBy()
                        .map(DurableTopicStatus.Group::name)
                        .orElse("")));
        assertTrue(orders.forget("gone").get(5, SECONDS));
        assertFalse(orders.forget("gone").get(5, SECONDS));
        assertEquals(List.of(), orders.status().get(5, SECONDS).groups());
    }

    @Test
    void aNamedFollowerIsSeenAndForgotten() throws Exception {
        Subscription following = orders.follow("chart", (event, position) -> {});
        ready(following);
        publish(1);
        Position first = orders.status().get(5, SECONDS).last();
        DurableTopicStatus.Follower there = new DurableTopicStatus.Follower("chart", first, Optional.empty());
        await().until(() -> orders.status().get(5, SECONDS).followers().equals(List.of(there)));
        following.close();
        following.closed().get(10, SECONDS);
        publish(2, 3);
        DurableTopicStatus status = orders.status().get(5, SECONDS);
        assertEquals(3, status.entries()); // it is no group, which may still come
        assertEquals(first, status.followers().get(0).position());
        assertTrue(status.followers().get(0).behind().isPresent());
        assertTrue(orders.forgetFollower("chart").get(5, SECONDS));
        assertFalse(orders.forgetFollower("chart").get(5, SECONDS));
        assertEquals(List.of(), orders.status().get(5, SECONDS).followers());
    }

    @Test
    void theLongestDurationsAreAsLongAsTheySay() throws Exception {
        Topic<Order> topic = Topic.of("orders.long", Order.class);
        Retention century = Retention.forDays(36_500).withMaxAge(Duration.ofDays(36_500));
        Duration year = Duration.ofDays(365);
        DurableTopic<Order> slow = DurableTopics.on(here).topic(topic, century);
        GroupOptions options = GroupOptions.defaults().withRetries(3, year, year);
        List<Integer> started = new CopyOnWriteArrayList<>();
        for (String group : List.of("plain", "keyed")) {
            GroupOptions ofGroup = group.equals("plain") ? options : options.withOrderingKey(event -> "key");
            ready(slow.subscribe(group, ofGroup.withConcurrency(4), (event, delivery) -> {
                started.add(event.data().count());
                assertThrows(IllegalArgumentException.class, () -> delivery.retryLater(year.plusNanos(1)));
                if (event.data().count() == 1) {
                    delivery.retryLater(year);
                } else if (event.data().count() == 2) {
                    throw new IllegalStateException("try it next year");
                }
            }));
        }
        PublishOptions patient = PublishOptions.defaults().withTimeout(year);
        for (int i = 1; i <= 3; i++) {
            slow.publish(new Order("o", i), patient).get(10, SECONDS);
        }
        await().until(() -> started.stream().sorted().toList().equals(List.of(1, 1, 2, 3)));
        await().until(() -> slow.status().get(5, SECONDS).groups().stream()
                .allMatch(group -> group.pending() == (group.name().equals("plain") ? 2 : 3)));
        ready(slow.follow(Position.since(java.time.Instant.MAX), (event, position) -> started.add(99)));
        assertEquals(3, slow.status().get(5, SECONDS).entries());
        assertFalse(started.contains(99));
    }

    @Test
    void anEventThatWasPutOffSaysOnEveryNodeThatItMayHaveRun() throws Exception {
        CountDownLatch putOff = new CountDownLatch(1);
        List<String> thereHandled = new CopyOnWriteArrayList<>();
        Subscription closing = orders.subscribe("g", (event, delivery) -> {
            delivery.retryLater(Duration.ofSeconds(50));
            putOff.countDown();
        });
        ready(closing);
        publish(1);
        assertTrue(putOff.await(10, SECONDS));
        closing.close(); // gives it back
        closing.closed().get(10, SECONDS);
        ready(ordersThere.subscribe(
                "g", (event, delivery) -> thereHandled.add(event.data().count() + " " + delivery.mayHaveRun())));
        await().until(() -> thereHandled.equals(List.of("1 true")));
    }
}
