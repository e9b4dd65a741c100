package dev.omnibus.internal.durable;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.SubscribeException;
import dev.omnibus.bus.Subscription;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.Position;
import dev.omnibus.transport.TransportException.Kind;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How subscriptions end when Redis refuses, forgets or does not answer; and what is reported if they go on. */
class DurableCloseTest extends DurableTimeFixture {

    private static final GroupOptions AT_ONCE = GroupOptions.defaults().withRetries(0, Duration.ZERO, Duration.ZERO);

    DurableCloseTest() throws Exception {}

    private void awaitClosed(Subscription subscription) {
        await().until(() -> {
            seconds(1);
            return subscription.closed().isDone();
        });
    }

    private void isRefused(Subscription subscription) {
        ExecutionException failure = assertThrows(
                ExecutionException.class, () -> subscription.ready().get(10, SECONDS));
        assertInstanceOf(SubscribeException.class, failure.getCause());
    }

    private void handleHere() throws Exception {
        here.topic.publish(1).get(10, SECONDS);
        assertTrue(started.await(10, SECONDS));
    }

    private Subscription subscribe() throws Exception {
        Subscription subscription = here.topic.subscribe("g", event -> {
            started.countDown();
            gate.await();
        });
        ready(subscription);
        return subscription;
    }

    @Test
    void aSubscriptionThatIsClosedWhileItsGroupIsMadeAnewEnds() throws Exception {
        Subscription subscription = subscribe();
        here.faults.refuse("createGroup", Kind.CONNECTION_LOST);
        network.forget();
        await().until(() -> {
            here.second();
            return here.faults.asked("createGroup") > 1;
        });
        subscription.close();
        here.faults.heal("createGroup");
        awaitClosed(subscription);
        ready(here.topic.subscribe("g", event -> {}));
    }

    @Test
    void aSubscriptionThatIsClosedAndWhoseGroupIsForgottenEndsWithItsHandler() throws Exception {
        Subscription subscription = subscribe();
        handleHere();
        subscription.close();
        there.topic.forget("g").get(10, SECONDS);
        seconds(3);
        assertFalse(subscription.closed().isDone());
        gate.countDown();
        awaitClosed(subscription);
        assertEquals(0, there.topic.status().get(10, SECONDS).groups().size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"turn", "takeOver", "leave"})
    void aSubscriptionThatMayNotGiveBackWhatItHasEnds(String operation) throws Exception {
        Subscription subscription = subscribe();
        handleHere();
        here.faults.refuse(operation, Kind.NOT_ALLOWED);
        subscription.close();
        gate.countDown();
        awaitClosed(subscription);
    }

    @Test
    void aSubscriptionThatIsClosedBeforeItIsReadyIsNeverReady() {
        here.faults.refuse("createGroup", Kind.CONNECTION_LOST);
        here.faults.refuse("position", Kind.CONNECTION_LOST);
        for (Subscription subscription :
                List.of(here.topic.subscribe("g", event -> {}), here.topic.follow("f", (event, position) -> {}))) {
            subscription.close();
            isRefused(subscription);
            awaitClosed(subscription);
        }
    }

    @Test
    void aFollowerThatIsRefusedHasEnded() {
        here.faults.refuse("position", Kind.WRONG_TYPE);
        Subscription subscription = here.topic.follow("f", (event, position) -> {});
        isRefused(subscription);
        awaitClosed(subscription);
    }

    @ParameterizedTest
    @ValueSource(strings = {"turn", "takeOver", "bury"})
    void whatAGroupIsRefusedIsReportedOnceAndTriedAgain(String operation) throws Exception {
        ready(here.topic.subscribe("g", AT_ONCE, (event, delivery) -> delivery.reject("on purpose")));
        here.faults.refuse(operation, Kind.NOT_ALLOWED);
        here.topic.publish(1).get(10, SECONDS);
        await().until(() -> {
            seconds(1);
            return here.faults.asked(operation) > 3 && !reported.isEmpty();
        });
        assertEquals(1, reported.size(), reported::toString);
        assertTrue(reported.get(0).startsWith("unsent Consumer group g cannot "), reported.get(0));
        here.faults.heal(operation);
        await().until(() -> {
            seconds(1);
            return here.topic.deadLetters("g").list(10).get(10, SECONDS).size() == 1;
        });
        assertEquals(1, reported.size(), reported::toString);
    }

    @Test
    void whatAFollowerIsRefusedIsReportedOnceAndTriedAgain() throws Exception {
        List<Integer> log = new CopyOnWriteArrayList<>();
        ready(here.topic.follow(Position.LATEST, (event, position) -> log.add(event.data())));
        here.faults.refuse("range", Kind.NOT_ALLOWED);
        here.topic.publish(1).get(10, SECONDS);
        await().until(() -> {
            seconds(1);
            return here.faults.asked("range") > 3 && !reported.isEmpty();
        });
        assertEquals(1, reported.size(), reported::toString);
        here.faults.heal("range");
        await().until(() -> {
            seconds(1);
            return log.equals(List.of(1));
        });
    }

    private void closeAndHandleThere(Subscription subscription, List<String> seen) throws Exception {
        await().until(() ->
                here.faults.asked("attempted") + here.faults.asked("release") + here.faults.asked("bury") > 0);
        subscription.close();
        here.faults.heal("attempted");
        awaitClosed(subscription);
        ready(there.topic.subscribe("g", (event, delivery) -> seen.add(event.data() + " " + delivery.mayHaveRun())));
        await().until(() -> {
            seconds(10);
            return !seen.isEmpty();
        });
        assertEquals(List.of("1 true"), seen);
    }

    @Test
    void anEventThatWasPutOffForLongSaysOnAnotherNodeThatItMayHaveRun() throws Exception {
        Subscription subscription =
                here.topic.subscribe("g", (event, delivery) -> delivery.retryLater(Duration.ofMinutes(2)));
        ready(subscription);
        here.topic.publish(1).get(10, SECONDS);
        closeAndHandleThere(subscription, new CopyOnWriteArrayList<>());
    }

    @Test
    void anEventThatHasFailedSaysSoOnAnotherNodeAlsoIfThatCouldNotBeWrittenAtOnce() throws Exception {
        here.faults.refuse("attempted", Kind.CONNECTION_LOST);
        Subscription subscription = here.topic.subscribe("g", (event, delivery) -> {
            throw new IllegalStateException("on purpose");
        });
        ready(subscription);
        here.topic.publish(1).get(10, SECONDS);
        closeAndHandleThere(subscription, new CopyOnWriteArrayList<>());
    }

    private Subscription reject() throws Exception {
        Subscription subscription =
                here.topic.subscribe("g", AT_ONCE, (event, delivery) -> delivery.reject("on purpose"));
        ready(subscription);
        here.topic.publish(1).get(10, SECONDS);
        return subscription;
    }

    @Test
    void anEventThatIsRejectedIsADeadLetterAlsoIfRedisIsAwayWhileItsSubscriptionCloses() throws Exception {
        here.faults.refuse("bury", Kind.CONNECTION_LOST);
        Subscription subscription = reject();
        await().until(() -> here.faults.asked("bury") > 0);
        subscription.close();
        seconds(3);
        assertFalse(subscription.closed().isDone());
        here.faults.heal("bury");
        awaitClosed(subscription);
        assertEquals(1, there.topic.deadLetters("g").list(10).get(10, SECONDS).size());
    }

    @Test
    void anEventThatIsRejectedAndMayNotBecomeADeadLetterSaysOnAnotherNodeThatItMayHaveRun() throws Exception {
        here.faults.refuse("bury", Kind.NOT_ALLOWED);
        closeAndHandleThere(reject(), new CopyOnWriteArrayList<>());
    }
}
