package dev.omnibus.internal.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DeadLetter;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.Streams;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Durable topics on a bad day, in a time of their own. */
class DurableTimeTest extends DurableTimeFixture {

    DurableTimeTest() throws Exception {}

    @Test
    void aHandlerOfTenMinutesIsNeverRunTwice() throws Exception {
        AtomicInteger starts = new AtomicInteger();
        ready(here.topic.subscribe("g", event -> {
            starts.incrementAndGet();
            started.countDown();
            gate.await();
        }));
        here.topic.publish(1).get(10, SECONDS);
        assertTrue(started.await(10, SECONDS));
        ready(there.topic.subscribe("g", event -> starts.incrementAndGet()));
        seconds(600);
        gate.countDown();
        await().until(() -> pending() == 0);
        assertEquals(1, starts.get());
        assertEquals(List.of(), reported());
    }

    @Test
    void whatHandlersRunWhileRedisIsAwayForLongerThanALeaseIsNotRunTwice() throws Exception {
        AtomicInteger starts = new AtomicInteger();
        ready(here.topic.subscribe("g", event -> {
            starts.incrementAndGet();
            started.countDown();
            gate.await();
        }));
        here.topic.publish(1).get(10, SECONDS);
        assertTrue(started.await(10, SECONDS));
        ready(there.topic.subscribe("g", event -> starts.incrementAndGet()));
        seconds(2);
        network.advance(Duration.ofMinutes(1)); // nobody can renew
        here.timing.pass(Duration.ofMinutes(1));
        there.timing.pass(Duration.ofMinutes(1));
        there.second(); // the first that is back
        Node third = new Node(); // and one that is new
        try {
            ready(third.topic.subscribe("g", event -> starts.incrementAndGet()));
            third.second();
            seconds(10);
            gate.countDown();
            await().until(() -> pending() == 0);
        } finally {
            third.bus.close();
        }
        assertEquals(1, starts.get());
        assertEquals(List.of(), reported());
    }

    @Test
    void aPausedNodeStartsNothingThatWasTakenOverAndReportsWhatRanTwice() throws Exception {
        List<Integer> ranHere = new CopyOnWriteArrayList<>();
        List<String> ranThere = new CopyOnWriteArrayList<>();
        ready(here.topic.subscribe("g", event -> {
            ranHere.add(event.data());
            started.countDown();
            gate.await();
        }));
        for (int i = 1; i <= 3; i++) {
            here.topic.publish(i).get(10, SECONDS);
        }
        assertTrue(started.await(10, SECONDS));
        await().until(() -> pending() == 3);
        network.advance(Duration.ofSeconds(4)); // while here nothing is done
        here.timing.pass(Duration.ofSeconds(4));
        ready(there.topic.subscribe(
                "g", (event, delivery) -> ranThere.add(event.data() + " " + delivery.mayHaveRun())));
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            there.second();
            return ranThere.equals(List.of("1 true", "2 true", "3 true"));
        });
        await().until(() -> pending() == 0);
        gate.countDown(); // here it goes on, and the lease is gone
        await().until(() -> {
            here.second();
            return !reported.isEmpty();
        });
        seconds(2);
        assertEquals(List.of(1), ranHere);
        assertEquals(List.of("doubled g"), reported());
        here.topic.publish(4).get(10, SECONDS);
        await().until(() -> ranHere.size() + ranThere.size() == 5);
    }

    @Test
    void aPausedNodeStartsNothingThatWasTakenOverEvenIfTheFirstAnswerIsLost() throws Exception {
        List<Integer> ranHere = new CopyOnWriteArrayList<>();
        List<Integer> ranThere = new CopyOnWriteArrayList<>();
        ready(here.topic.subscribe("g", event -> {
            ranHere.add(event.data());
            started.countDown();
            gate.await();
        }));
        here.topic.publish(1).get(10, SECONDS);
        here.topic.publish(2).get(10, SECONDS);
        assertTrue(started.await(10, SECONDS));
        await().until(() -> pending() == 2);
        network.advance(Duration.ofSeconds(4)); // while here nothing is done
        here.timing.pass(Duration.ofSeconds(4));
        ready(there.topic.subscribe("g", event -> ranThere.add(event.data())));
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            there.second();
            return ranThere.equals(List.of(1, 2)) && pending() == 0;
        });
        network.loseAnswers(true);
        here.second();
        network.loseAnswers(false);
        gate.countDown();
        await().until(() -> {
            here.second();
            return !reported.isEmpty();
        });
        seconds(2);
        assertEquals(List.of(1), ranHere);
        assertEquals(List.of("doubled g"), reported());
    }

    @Test
    void whatANodeHasUnseenIsReadNoFasterThanItsWindowHasRoom() throws Exception {
        Set<Integer> ran = ConcurrentHashMap.newKeySet();
        ready(there.topic.subscribe("g", event -> {
            gate.await();
            ran.add(event.data());
        }));
        for (int i = 1; i <= 100; i++) {
            here.topic.publish(i).get(10, SECONDS);
        }
        await().until(() -> pending() == 100);
        there.timing.pass(Duration.ofHours(1)); // nothing is done there any more, until its handler ends
        Subscription small =
                here.topic.subscribe("g", GroupOptions.defaults().withWindow(10, 1 << 20), (event, delivery) -> {
                    started.countDown();
                    gate.await();
                    ran.add(event.data());
                });
        ready(small);
        network.loseAnswers(true);
        for (int i = 0; i < 8; i++) {
            network.advance(Duration.ofSeconds(1));
            here.second(); // each takes over as much as there is room for, and does not see it
        }
        network.loseAnswers(false);
        await().until(() -> {
            here.second();
            return small.stats().waiting() > 0;
        });
        assertTrue(started.await(10, SECONDS));
        for (int i = 0; i < 10; i++) {
            here.second();
            assertTrue(small.stats().waiting() <= 10, small.stats()::toString);
        }
        gate.countDown();
        await().until(() -> {
            here.second();
            return ran.size() == 100;
        });
    }

    @Test
    void onlyTheEventThatItsNodesDieWithIsBuriedAndNotItsNeighbours() throws Exception {
        List<Integer> handled = new CopyOnWriteArrayList<>();
        AtomicInteger deadly = new AtomicInteger();
        List<Node> nodes = new ArrayList<>(List.of(here, there));
        try {
            for (int i = 0; i < 10; i++) {
                here.topic.publish(i).get(10, SECONDS);
            }
            for (int i = 0; deadly.get() == i; i++) { // each node stops at the same event, and dies with it
                assertTrue(i < 8, "it goes on killing");
                if (i == nodes.size()) {
                    nodes.add(new Node());
                }
                Node node = nodes.get(i);
                int before = deadly.get();
                ready(node.topic.subscribe("g", event -> {
                    if (event.data() == 4) {
                        deadly.incrementAndGet();
                        gate.await();
                    }
                    handled.add(event.data());
                }));
                await().until(() -> {
                    network.advance(Duration.ofSeconds(1));
                    node.second();
                    return deadly.get() > before || handled.size() == 9;
                });
                if (deadly.get() > before) {
                    node.timing.pass(Duration.ofHours(1)); // nothing is done here any more
                }
            }
            assertEquals(List.of(0, 1, 2, 3, 5, 6, 7, 8, 9), handled);
            assertEquals(4, deadly.get()); // once, and three times as a suspect
            List<DeadLetter<Integer>> dead =
                    nodes.get(4).topic.deadLetters("g").list(10).get(10, SECONDS);
            assertEquals(1, dead.size());
            assertEquals(4, dead.get(0).event().orElseThrow().data());
        } finally {
            gate.countDown();
            nodes.stream().skip(2).forEach(node -> node.bus.close());
        }
    }

    @Test
    void aSuspectThatIsPutOffIsNoSuspectAnyMoreAndHoldsUpNobody() throws Exception {
        for (int i = 0; i < 3; i++) {
            here.topic.publish(i).get(10, SECONDS);
        }
        GroupOptions options = GroupOptions.defaults().withOrderingKey(event -> "all");
        ready(here.topic.subscribe("g", options, (event, delivery) -> {
            started.countDown();
            gate.await();
        }));
        started.await();
        here.timing.pass(Duration.ofHours(1)); // it is dead
        AtomicInteger putOff = new AtomicInteger();
        List<Integer> handled = new CopyOnWriteArrayList<>();
        ready(there.topic.subscribe("g", options, (event, delivery) -> {
            if (event.data() == 0 && putOff.incrementAndGet() <= 5) {
                delivery.retryLater(Duration.ofMillis(100));
                return;
            }
            handled.add(event.data());
        }));
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            there.second();
            return handled.size() == 3;
        });
        assertEquals(List.of(0, 1, 2), handled);
        assertEquals(List.of(), there.topic.deadLetters("g").list(10).get(10, SECONDS));
        gate.countDown();
    }

    @Test
    void aKeyThatThrowsStopsNothing() throws Exception {
        List<Integer> handled = new CopyOnWriteArrayList<>();
        GroupOptions options = GroupOptions.defaults().withOrderingKey(event -> new Object() {
            @Override
            public int hashCode() {
                if (Integer.valueOf(1).equals(event.data())) {
                    throw new IllegalStateException("no name");
                }
                return 1;
            }
        });
        for (int i = 0; i < 3; i++) {
            here.topic.publish(i).get(10, SECONDS);
        }
        ready(here.topic.subscribe("g", options, (event, delivery) -> handled.add(event.data())));
        await().until(() -> {
            here.second();
            return handled.size() == 3;
        });
    }

    @Test
    void aPublishIsStoredOnceWhateverIsRepeated() throws Exception {
        network.loseAnswers(true);
        List<CompletableFuture<Position>> publishing = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 10; i++) {
            publishing.add(here.topic.publish(i));
        }
        here.settle();
        seconds(3);
        assertFalse(publishing.get(0).isDone());
        network.loseAnswers(false);
        await().until(() -> {
            seconds(1);
            return publishing.stream().allMatch(CompletableFuture::isDone);
        });
        List<Integer> log = new CopyOnWriteArrayList<>();
        ready(there.topic.follow(Position.EARLIEST, (event, position) -> log.add(event.data())));
        await().until(() -> log.equals(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)));
        assertEquals(10, here.topic.status().get(10, SECONDS).entries());
        assertEquals(
                publishing.stream().map(CompletableFuture::join).sorted().toList(),
                publishing.stream().map(CompletableFuture::join).toList());
    }

    @Test
    void whatWasReadAndNotSeenIsHandled() throws Exception {
        List<String> handled = new CopyOnWriteArrayList<>();
        ready(there.topic.subscribe("g", (event, delivery) -> handled.add(event.data() + " " + delivery.mayHaveRun())));
        await().until(() -> there.faults.asked("turn") > 0); // it has seen what it had
        there.faults.lose("turn");
        there.faults.lose("pending");
        here.topic.publish(1);
        await().until(() -> {
            seconds(1);
            return pending() == 1;
        });
        assertEquals(List.of(), handled);
        there.faults.heal("turn");
        there.faults.heal("pending");
        await().until(() -> {
            seconds(1);
            return handled.equals(List.of("1 false")) && pending() == 0;
        });
        assertEquals(List.of(), reported());
    }

    @Test
    void whatAnEmptiedRedisHasLostIsAppendedAgainAndReportedAndRecognised() throws Exception {
        List<String> ranHere = new CopyOnWriteArrayList<>();
        ready(here.topic.subscribe("g", (event, delivery) -> ranHere.add(event.data() + " " + delivery.mayHaveRun())));
        for (int i = 1; i <= 5; i++) {
            here.topic.publish(i).get(10, SECONDS);
        }
        await().until(() -> ranHere.size() == 5 && pending() == 0);
        network.forget();
        Set<String> others = ConcurrentHashMap.newKeySet();
        ready(there.topic.subscribe(
                "others", (event, delivery) -> others.add(event.data() + " " + delivery.mayHaveRun())));
        await().until(() -> {
            seconds(1);
            return reported.size() == 3 && others.size() == 5;
        });
        assertEquals( // each node has the topic
                List.of("repaired 5", "reset", "reset"),
                reported().stream().sorted().toList());
        here.topic.publish(6).get(10, SECONDS);
        await().until(() -> {
            seconds(1);
            return others.size() == 6 && ranHere.size() >= 6;
        });
        assertEquals(Set.of("1 true", "2 true", "3 true", "4 true", "5 true", "6 false"), others);
        assertEquals(List.of("1 false", "2 false", "3 false", "4 false", "5 false", "6 false"), ranHere);
    }

    @Test
    void whatIsTrimmedForItsAgeWhileItIsHandledWasNotHandledTwice() throws Exception {
        Retention minute = Retention.untilAcknowledged().withMaxAge(Duration.ofMinutes(1));
        DurableTopic<Integer> aging = DurableTopics.on(here.bus).topic(Topic.of("aging", Integer.class), minute);
        List<Integer> ran = new CopyOnWriteArrayList<>();
        ready(aging.subscribe("g", event -> {
            started.countDown();
            gate.await();
            ran.add(event.data());
            if (event.data() == 2) {
                throw new IllegalStateException("on purpose");
            }
        }));
        aging.publish(1).get(10, SECONDS);
        aging.publish(2).get(10, SECONDS);
        assertTrue(started.await(10, SECONDS));
        await().until(() -> aging.status().get(10, SECONDS).groups().get(0).pending() == 2);
        seconds(62);
        await().until(() -> reported.contains("lost g 2"));
        gate.countDown();
        await().until(() -> ran.equals(List.of(1, 2)));
        seconds(3);
        assertEquals(List.of("lost g 2"), reported());
        aging.publish(3).get(10, SECONDS);
        await().until(() -> ran.equals(List.of(1, 2, 3)));
    }

    @Test
    void whatComesAgainAfterAFailoverSaysThatItMayHaveRun() throws Exception {
        List<String> ranHere = new CopyOnWriteArrayList<>();
        List<String> ranThere = new CopyOnWriteArrayList<>();
        Subscription first =
                here.topic.subscribe("g", (event, delivery) -> ranHere.add(event.data() + " " + delivery.mayHaveRun()));
        ready(first);
        for (int i = 1; i <= 3; i++) {
            here.topic.publish(i).get(10, SECONDS);
        }
        await().until(() -> ranHere.size() == 3 && pending() == 0);
        first.close();
        first.closed().get(10, SECONDS);
        ready(there.topic.subscribe(
                "g", (event, delivery) -> ranThere.add(event.data() + " " + delivery.mayHaveRun())));
        there.faults.refuse("turn", Kind.CONNECTION_LOST); // lest it sees that the group is gone for a moment
        there.faults.refuse("pending", Kind.CONNECTION_LOST);
        StreamKeys keys = BusRuntime.of(there.bus).channels().names().stream(TOPIC.name());
        Streams streams = here.runtime.streams(); // the replica has not got what the group has read
        streams.dropGroup(keys, "g").get(10, SECONDS);
        streams.createGroup(keys, "g", StreamId.EARLIEST).get(10, SECONDS);
        there.faults.heal("turn");
        there.faults.heal("pending");
        network.failOver();
        here.topic.publish(4).get(10, SECONDS);
        await().until(() -> {
            seconds(1);
            return ranThere.size() == 4;
        });
        assertEquals(List.of("1 true", "2 true", "3 true"), ranThere.subList(0, 3));
        assertEquals(List.of("1 false", "2 false", "3 false"), ranHere);
        here.topic.publish(5).get(10, SECONDS);
        await().until(() -> ranThere.contains("5 false"));
        assertEquals(List.of(), reported());
    }

    @Test
    void whatWasReadBeforeAFailoverAndNotStartedIsReadAgain() throws Exception {
        List<String> ran = new CopyOnWriteArrayList<>();
        ready(there.topic.subscribe("g", (event, delivery) -> {
            ran.add(event.data() + " " + delivery.mayHaveRun());
            started.countDown();
            gate.await();
        }));
        here.topic.publish(1).get(10, SECONDS);
        here.topic.publish(2).get(10, SECONDS);
        assertTrue(started.await(10, SECONDS));
        await().until(() -> pending() == 2);
        network.failOver();
        gate.countDown();
        await().until(() -> {
            seconds(1);
            return pending() == 0;
        });
        assertEquals(List.of("1 false", "2 true"), ran);
        assertEquals(List.of(), reported());
    }

    @Test
    void aConnectToTheSameServerPutsNothingInDoubt() throws Exception {
        List<String> ran = new CopyOnWriteArrayList<>();
        here.topic.publish(1).get(10, SECONDS);
        network.down();
        network.up();
        ready(there.topic.subscribe("g", (event, delivery) -> ran.add(event.data() + " " + delivery.mayHaveRun())));
        await().until(() -> {
            seconds(1);
            return ran.equals(List.of("1 false"));
        });
    }

    @Test
    void aFailingEventCostsNoMoreThanItsBackoff() throws Exception {
        AtomicInteger starts = new AtomicInteger();
        GroupOptions patient = GroupOptions.defaults().withRetries(2, Duration.ofSeconds(100), Duration.ofSeconds(400));
        ready(here.topic.subscribe("g", patient, (event, delivery) -> {
            starts.incrementAndGet();
            throw new IllegalStateException("on purpose");
        }));
        here.topic.publish(1).get(10, SECONDS);
        await().until(() -> starts.get() == 1);
        seconds(75);
        assertEquals(1, starts.get());
        seconds(50);
        await().until(() -> starts.get() == 2); // after 80 to 120
        seconds(100);
        assertEquals(2, starts.get());
        seconds(150);
        await().until(() -> starts.get() == 3); // 160 to 240 after that
        await().until(() ->
                here.topic.deadLetters("g").list(10).get(10, SECONDS).size() == 1);
    }

    @Test
    void anEventThatCannotBeSentIsTriedAsLongAsItsTimeout() throws Exception {
        network.down();
        CompletableFuture<Position> impatient =
                here.topic.publish(1, PublishOptions.defaults().withTimeout(Duration.ofSeconds(3)));
        CompletableFuture<Position> patient = here.topic.publish(2);
        await().until(() -> {
            seconds(1);
            return impatient.isDone();
        });
        ExecutionException failure = assertThrows(ExecutionException.class, () -> impatient.get(10, SECONDS));
        PublishException unsent = assertInstanceOf(PublishException.class, failure.getCause());
        assertEquals(PublishException.Outcome.NOT_SENT, unsent.outcome());
        network.up();
        await().until(() -> {
            seconds(1);
            return patient.isDone();
        });
        patient.get(10, SECONDS);
        assertEquals(1, here.topic.status().get(10, SECONDS).entries());
    }
}
