package dev.omnibus.internal.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Event;
import dev.omnibus.bus.Subscription;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.Position;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The order of events with one key, and of suspects, whatever is forgotten and taken over meanwhile. */
class DurableOrderTest extends DurableTimeFixture {

    private static final GroupOptions KEYED = GroupOptions.defaults()
            .withConcurrency(4)
            .withOrderingKey(event -> Integer.valueOf(0).equals(event.data()) ? "other" : "key");

    private final List<Integer> begun = new CopyOnWriteArrayList<>();
    private final CountDownLatch finish = new CountDownLatch(1);

    DurableOrderTest() throws Exception {}

    @Override
    public void onHandlerFailed(Event<?> event, Throwable failure) {
        reported.add("failed " + event.data() + " " + failure.getMessage());
    }

    private void publish(int... events) throws Exception {
        for (int event : events) {
            here.topic.publish(event).get(10, SECONDS);
        }
    }

    /** There, a node dies with 0 and 1, which have different keys. */
    private void dieThere() throws Exception {
        ready(there.topic.subscribe("g", KEYED.withWindow(2, 1 << 20), (event, delivery) -> {
            started.countDown();
            gate.await();
        }));
        publish(0, 1);
        await().until(() -> pending() == 2);
        assertTrue(started.await(10, SECONDS));
        there.timing.pass(Duration.ofHours(1)); // nothing is done there any more
    }

    private void takeOverHere() throws Exception {
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            here.second();
            return begun.contains(0);
        });
    }

    private void subscribeHere() throws Exception {
        ready(here.topic.subscribe("g", KEYED, (event, delivery) -> {
            begun.add(event.data());
            finish.await();
        }));
    }

    private void awaitPending(int count) throws Exception {
        await().until(() -> {
            here.second();
            return pending() == count;
        });
        for (int i = 0; i < 3; i++) {
            here.second(); // what may be started then is
        }
    }

    private void finish(Integer... order) throws Exception {
        finish.countDown();
        await().until(() -> {
            here.second();
            return pending() == 0;
        });
        List<Integer> all = new ArrayList<>(begun);
        all.remove(Integer.valueOf(0));
        assertEquals(List.of(order), all);
    }

    @Test
    void aSuspectIsHandledBeforeNewerEventsWithItsKey() throws Exception {
        dieThere();
        subscribeHere();
        takeOverHere(); // 0, and 1 is the next suspect
        publish(2);
        awaitPending(3);
        assertEquals(List.of(0), begun);
        finish(1, 2);
    }

    @Test
    void anEventKeepsItsKeyWhileItRunsAlsoIfASuspectWithThatKeyIsForgotten() throws Exception {
        dieThere();
        subscribeHere();
        publish(2);
        await().until(() -> begun.contains(2));
        takeOverHere();
        network.failOver(); // so that 1 is forgotten, and read again
        publish(3);
        awaitPending(4);
        assertEquals(List.of(2, 0), begun);
        finish(2, 1, 3);
    }

    @Test
    void anEventKeepsItsKeyWhileItRunsAlsoIfRedisIsEmptied() throws Exception {
        subscribeHere();
        publish(1);
        await().until(() -> begun.contains(1));
        network.forget();
        await().until(() -> {
            here.second();
            return reported.contains("repaired 1"); // it is there again, and read again
        });
        publish(2);
        awaitPending(2);
        assertEquals(List.of(1), begun);
        finish(1, 2);
    }

    @Test
    void anEventThatIsForgottenBeforeItIsInItsLineHoldsUpNobody() throws Exception {
        AtomicBoolean first = new AtomicBoolean(true);
        CompletableFuture<Subscription> subscription = new CompletableFuture<>();
        subscription.complete(here.topic.subscribe(
                "g",
                GroupOptions.defaults().withOrderingKey(event -> {
                    if (first.getAndSet(false)) {
                        network.failOver();
                        await().until(() -> subscription.join().stats().dropped() == 1);
                    }
                    return "key";
                }),
                (event, delivery) -> begun.add(event.data())));
        ready(subscription.join());
        publish(1);
        await().until(() -> subscription.join().stats().dropped() == 1);
        publish(2);
        await().until(() -> {
            here.second();
            return begun.equals(List.of(1, 2));
        });
    }

    @Test
    void whatIsForgottenWhileItsAnswerIsTakenIsHandledBeforeTheRestOfThatAnswer() throws Exception {
        AtomicBoolean first = new AtomicBoolean(true);
        CompletableFuture<Subscription> subscription = new CompletableFuture<>();
        publish(1, 2, 3, 4);
        subscription.complete(here.topic.subscribe(
                "g",
                GroupOptions.defaults().withStart(Position.EARLIEST).withOrderingKey(event -> {
                    if (Integer.valueOf(2).equals(event.data()) && first.getAndSet(false)) {
                        network.failOver();
                        await().until(() -> subscription.join().stats().dropped() > 0);
                    }
                    return "key";
                }),
                (event, delivery) -> begun.add(event.data())));
        ready(subscription.join());
        await().until(() -> {
            here.second();
            return begun.size() == 4;
        });
        assertEquals(List.of(1, 2, 3, 4), begun);
    }

    @Test
    void whatIsTakenOverByARenewalOfBeforeARereadIsReadAgain() throws Exception {
        dieThere();
        subscribeHere();
        finish.countDown();
        for (int i = 0; i < 2; i++) {
            network.advance(Duration.ofSeconds(1));
            here.second();
        }
        network.advance(Duration.ofMillis(1_200)); // the lease there has ended
        int before = here.faults.asked("takeOver");
        here.faults.delay("takeOver");
        here.second(); // it asks for the two, as of now
        assertEquals(before + 1, here.faults.asked("takeOver"));
        network.failOver(); // all that it has is read again, and that is nothing yet
        for (int i = 0; i < 3; i++) {
            here.timing.run(true);
            here.settle();
        }
        here.faults.heal("takeOver");
        await().until(() -> {
            here.timing.run(true);
            here.settle();
            return pending() == 0;
        });
    }

    @Test
    void whatIsForgottenIsNotKeptUntilThereIsAPlaceForIt() throws Exception {
        List<WeakReference<Event<?>>> seen = new CopyOnWriteArrayList<>();
        Subscription subscription = here.topic.subscribe(
                "g",
                GroupOptions.defaults().withOrderingKey(event -> {
                    seen.add(new WeakReference<>(event));
                    return event.data();
                }),
                (event, delivery) -> {
                    started.countDown();
                    gate.await();
                });
        ready(subscription);
        publish(1, 2);
        assertTrue(started.await(10, SECONDS));
        await().until(() -> seen.size() == 2);
        network.failOver();
        await().until(() -> {
            here.second();
            return seen.size() == 3; // the second one was read again
        });
        await().until(() -> {
            System.gc();
            return seen.get(1).refersTo(null);
        });
        assertFalse(seen.get(2).refersTo(null));
    }

    @Test
    void aKeyThatCannotBeComputedIsReported() throws Exception {
        GroupOptions options = GroupOptions.defaults().withOrderingKey(event -> {
            throw new IllegalStateException("no name");
        });
        ready(here.topic.subscribe("g", options, (event, delivery) -> begun.add(event.data())));
        publish(1);
        await().until(() -> begun.equals(List.of(1)) && reported.equals(List.of("failed 1 no name")));
    }

    @Test
    void aKeyThatChangesWhileItsEventIsHandledHoldsUpNobody() throws Exception {
        List<Integer> key = new CopyOnWriteArrayList<>(List.of(1));
        ready(here.topic.subscribe("g", GroupOptions.defaults().withOrderingKey(event -> key), (event, delivery) -> {
            finish.await();
            key.add(2);
            begun.add(event.data());
        }));
        publish(1, 2);
        await().until(() -> pending() == 2);
        finish.countDown();
        await().until(() -> {
            here.second();
            return begun.equals(List.of(1, 2));
        });
    }

    @Test
    void aSuspectRunsOnTheExecutorOfItsGroupAsAllOthersDo() throws Exception {
        dieThere();
        ExecutorService own = Executors.newSingleThreadExecutor(task -> new Thread(task, "own"));
        try {
            List<String> threads = new CopyOnWriteArrayList<>();
            Subscription subscription = here.topic.subscribe("g", KEYED.withExecutor(own), (event, delivery) -> {
                threads.add(Thread.currentThread().getName() + " " + delivery.starts());
            });
            ready(subscription);
            await().until(() -> {
                network.advance(Duration.ofSeconds(1));
                here.second();
                return pending() == 0;
            });
            assertEquals(List.of("own 1", "own 1"), threads);
            subscription.close();
            subscription.closed().get(10, SECONDS);
        } finally {
            own.shutdown();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSuspectThatIsTakenOverAfterItsStartWasWrittenIsNotRunHereAsWell(boolean leaseKnownToBeGone) throws Exception {
        dieThere();
        here.faults.hold("attempted");
        subscribeHere();
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            here.second();
            return here.faults.asked("attempted") == 1;
        });
        here.settle();
        network.advance(Duration.ofSeconds(4)); // while here nothing is done
        here.timing.pass(Duration.ofSeconds(4));
        List<Integer> ran = new CopyOnWriteArrayList<>();
        Node third = new Node();
        try {
            ready(third.topic.subscribe("g", KEYED, (event, delivery) -> ran.add(event.data())));
            await().until(() -> {
                network.advance(Duration.ofSeconds(1));
                third.second();
                return ran.size() == 2 && pending() == 0;
            });
            if (leaseKnownToBeGone) {
                here.second();
            }
            here.faults.heal("attempted");
            finish.countDown();
            for (int i = 0; i < 3; i++) {
                here.second();
            }
            publish(2);
            await().until(() -> {
                here.second();
                third.second();
                return begun.contains(2) || ran.contains(2);
            });
            begun.remove(Integer.valueOf(2));
            assertEquals(List.of(), begun);
        } finally {
            third.bus.close();
        }
    }

    @Test
    void ofNodesWithASingleActiveConsumerOneGoesOnInOrderWhereTheOtherHasEnded() throws Exception {
        GroupOptions single = GroupOptions.defaults()
                .withConcurrency(4)
                .withSingleActiveConsumer()
                .withRetries(3, Duration.ZERO, Duration.ZERO);
        List<String> ran = new CopyOnWriteArrayList<>();
        Subscription first = there.topic.subscribe("g", single, (event, delivery) -> {
            ran.add("there " + event.data());
            started.countDown();
            gate.await();
        });
        ready(first);
        AtomicBoolean failed = new AtomicBoolean();
        ready(here.topic.subscribe("g", single, (event, delivery) -> {
            ran.add("here " + event.data() + " " + delivery.mayHaveRun());
            if (event.data() == 2 && failed.compareAndSet(false, true)) {
                throw new IllegalStateException("on purpose");
            }
        }));
        publish(1, 2, 3);
        assertTrue(started.await(10, SECONDS));
        await().until(() -> pending() == 3);
        there.timing.pass(Duration.ofHours(1)); // nothing is done there any more
        publish(4, 5);
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            here.second();
            here.timing.run(false);
            return ran.size() == 7;
        });
        assertEquals(
                List.of(
                        "there 1",
                        "here 1 true",
                        "here 2 true",
                        "here 2 true",
                        "here 3 true",
                        "here 4 false",
                        "here 5 false"),
                ran);
    }

    @Test
    void aSingleConsumerThatComesBackStandsByAndLaterGoesOnInTheOrderOfTheLog() throws Exception {
        GroupOptions single = GroupOptions.defaults().withSingleActiveConsumer();
        List<String> ran = new CopyOnWriteArrayList<>();
        ready(there.topic.subscribe("g", single, (event, delivery) -> {
            ran.add("there " + event.data());
            started.countDown();
            gate.await();
        }));
        CountDownLatch hold = new CountDownLatch(1);
        Subscription second = here.topic.subscribe("g", single.withWindow(2, 1 << 20), (event, delivery) -> {
            ran.add("here " + event.data());
            if (event.data() == 3) {
                hold.await();
            }
        });
        ready(second);
        publish(1, 2, 3, 4, 5, 6);
        assertTrue(started.await(10, SECONDS));
        await().until(() -> pending() == 6);
        network.advance(Duration.ofSeconds(4)); // while there nothing is done
        there.timing.pass(Duration.ofSeconds(4));
        await().until(() -> {
            network.advance(Duration.ofSeconds(1));
            here.second();
            return ran.contains("here 3");
        });
        for (int i = 0; i < 3; i++) { // there it goes on, with 2 to 6 in its window
            there.second();
            here.second();
        }
        gate.countDown();
        for (int i = 0; i < 3; i++) {
            there.second();
            here.second();
        }
        assertEquals(List.of("there 1", "here 1", "here 2", "here 3"), ran);
        hold.countDown();
        await().until(() -> ran.contains("here 6"));
        assertEquals(List.of("there 1", "here 1", "here 2", "here 3", "here 4", "here 5", "here 6"), ran);
        second.close();
        second.closed().get(10, SECONDS);
        await().until(() -> {
            seconds(1);
            return pending() == 0;
        });
        publish(7);
        await().until(() -> {
            there.second();
            return ran.contains("there 7");
        });
    }

    @Test
    void aWindowHoldsNoMoreThanItsLimitAlsoWhenItTakesOverWhileItReads() throws Exception {
        ready(there.topic.subscribe("g", GroupOptions.defaults().withWindow(100, 1 << 20), (event, delivery) -> {
            gate.await();
        }));
        for (int i = 0; i < 100; i++) {
            here.topic.publish(i);
        }
        await().until(() -> pending() == 100);
        there.timing.pass(Duration.ofHours(1)); // nothing is done there any more
        List<Integer> handled = new CopyOnWriteArrayList<>();
        Subscription small =
                here.topic.subscribe("g", GroupOptions.defaults().withWindow(100, 1 << 20), (event, delivery) -> {
                    handled.add(event.data());
                    if (event.data() != 100) {
                        finish.await();
                    }
                });
        ready(small);
        publish(100);
        await().until(() -> handled.equals(List.of(100)) && pending() == 100);
        network.tamper((channel, frame) -> List.of()); // nobody is woken up
        for (int i = 101; i < 202; i++) {
            publish(i);
        }
        for (int i = 0; i < 10; i++) {
            network.advance(Duration.ofSeconds(1));
            here.second();
            assertTrue(small.stats().waiting() <= 100, small.stats()::toString);
        }
        finish.countDown();
        await().until(() -> {
            here.second();
            return handled.size() == 202;
        });
    }
}
