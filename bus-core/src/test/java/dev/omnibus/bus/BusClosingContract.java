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
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How buses and subscriptions end, on every transport. */
abstract class BusClosingContract extends BusFixture {

    @Test
    void closingASubscriptionFinishesWhatArrivedAndTwiceIsTheSame() throws Exception {
        List<Integer> done = new CopyOnWriteArrayList<>();
        CountDownLatch started = new CountDownLatch(1);
        Subscription subscription = there.subscribe("n", Integer.class, event -> {
            started.countDown();
            gate.await();
            done.add(event.data());
        });
        ready(subscription);
        for (int i = 0; i < 100; i++) {
            here.publish("n", i).get(5, SECONDS);
        }
        assertTrue(started.await(5, SECONDS));
        subscription.close();
        CompletableFuture<Void> first = subscription.closed();
        subscription.close();
        CompletableFuture<Void> second = subscription.closed();
        await().until(() -> here.publish("n", 1_000).get(5, SECONDS) == 0);
        assertFalse(first.isDone() || second.isDone());
        gate.countDown();
        first.get(5, SECONDS);
        second.get(5, SECONDS);
        assertEquals(IntStream.range(0, 100).boxed().toList(), done.subList(0, 100));
    }

    @Test
    void closingOnAnInterruptedThreadLeavesNoFutureOpen() throws Exception {
        List<CompletableFuture<Long>> publishing =
                IntStream.range(0, 1_000).mapToObj(i -> here.publish("n", i)).toList();
        Thread.currentThread().interrupt();
        here.close();
        assertTrue(Thread.interrupted());
        for (CompletableFuture<Long> one : publishing) {
            one.handle((receivers, failure) -> true).get(20, SECONDS);
        }
    }

    @Test
    void closingWithNothingToWaitForOnAnInterruptedThreadLeavesItInterrupted() {
        Thread.currentThread().interrupt();
        here.close();
        assertTrue(Thread.interrupted());
    }

    @Test
    void closingTheBusDrainsAndCompletesEveryFuture() throws Exception {
        List<Integer> done = new CopyOnWriteArrayList<>();
        ready(there.subscribe("n", Integer.class, event -> done.add(event.data())));
        List<CompletableFuture<Long>> publishing =
                IntStream.range(0, 5_000).mapToObj(i -> here.publish("n", i)).toList();
        here.close();
        for (CompletableFuture<Long> one : publishing) {
            assertEquals(1, one.get(1, SECONDS));
        }
        await().until(() -> done.size() == 5_000);
    }

    @Test
    void closingTheBusWaitsForASubscriptionThatIsBeingClosed() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CompletableFuture<Long> last = new CompletableFuture<>();
        Subscription subscription = there.subscribe("n", Integer.class, event -> {
            started.countDown();
            gate.await();
            there.publish("answer", 1).thenAccept(last::complete);
        });
        ready(subscription);
        here.publish("n", 1);
        assertTrue(started.await(5, SECONDS));
        subscription.close();
        CompletableFuture<Void> closed = CompletableFuture.runAsync(there::close);
        gate.countDown();
        closed.get(10, SECONDS);
        assertEquals(0, last.get(1, SECONDS));
    }

    @Test
    void aHandlerThatDoesNotEndDoesNotKeepWhatIsQueuedFromBeingSent() throws Exception {
        List<Integer> done = new CopyOnWriteArrayList<>();
        ready(there.subscribe("out", Integer.class, event -> done.add(event.data())));
        Bus impatient = builder().drainTimeout(Duration.ofMillis(300)).build();
        CountDownLatch started = new CountDownLatch(1);
        ready(impatient.subscribe("n", Integer.class, event -> {
            started.countDown();
            gate.await();
        }));
        here.publish("n", 1);
        assertTrue(started.await(5, SECONDS));
        BusRuntime.of(impatient).layer(Failing.class, bus -> new Failing());
        List<CompletableFuture<Long>> publishing = IntStream.range(0, 1_000)
                .mapToObj(i -> impatient.publish("out", i))
                .toList();
        impatient.close();
        for (CompletableFuture<Long> one : publishing) {
            assertEquals(1, one.get(1, SECONDS));
        }
        await().until(() -> done.size() == 1_000);
    }

    private static final class Failing implements Layer {

        @Override
        public void close(Duration drainTimeout) {
            throw new IllegalStateException("on purpose; its trace belongs to this test");
        }
    }

    @Test
    void whatAnAbandonedHandlerHasNotSeenIsDroppedAndReported() throws Exception {
        Bus impatient = builder().drainTimeout(Duration.ofMillis(300)).build();
        List<Integer> seen = new CopyOnWriteArrayList<>();
        Subscription subscription = impatient.subscribe("n", Integer.class, event -> {
            seen.add(event.data());
            gate.await();
        });
        ready(subscription);
        for (int i = 0; i < 100; i++) {
            here.publish("n", i).get(5, SECONDS);
        }
        await().until(() -> subscription.stats().waiting() == 100);
        impatient.close();
        subscription.closed().get(5, SECONDS);
        assertEquals(List.of(0), seen);
        // What its thread had taken already is counted when the interrupted handler has returned.
        await().until(() ->
                subscription.stats().dropped() == 99 && impatient.stats().dropped() == 99);
        assertTrue(listener.told.stream().anyMatch(line -> line.startsWith("dropped n ")), listener.told::toString);
    }

    @Test
    void aSubscriptionThatIsMadeWhileTheBusIsBeingClosedEndsWithIt() throws Exception {
        CompletableFuture<Subscription> again = new CompletableFuture<>();
        Subscription first = there.subscribe("n", Integer.class, event -> {});
        ready(first);
        first.closed().thenRun(() -> again.complete(there.subscribe("m", Integer.class, event -> {})));
        there.close();
        again.get(5, SECONDS).closed().get(10, SECONDS);
    }

    @Test
    void aSubscriptionThatNeverStoodHasEnded() throws Exception {
        there.close();
        Subscription refused = there.subscribe("n", Integer.class, event -> {});
        assertThrows(ExecutionException.class, () -> refused.ready().get(5, SECONDS));
        refused.closed().get(5, SECONDS);
    }

    @Test
    void aHandlerMayCloseItsBusAndTheBusEndsBehindIt() throws Exception {
        List<BusState> states = new CopyOnWriteArrayList<>();
        Bus bus = builder()
                .listener(new BusListener() {
                    @Override
                    public void onState(BusState state) {
                        states.add(state);
                    }
                })
                .build();
        CompletableFuture<Void> returned = new CompletableFuture<>();
        ready(bus.subscribe("n", Integer.class, event -> {
            bus.close();
            bus.close();
            bus.publish("out", 1);
            returned.complete(null);
        }));
        here.publish("n", 1);
        returned.get(2, SECONDS); // long before the drain timeout
        bus.close(); // from outside, it waits for the end
        assertEquals(BusState.CLOSED, bus.state());
        await().until(() ->
                states.equals(List.of(BusState.CONNECTING, BusState.UP, BusState.DRAINING, BusState.CLOSED)));
    }

    @Test
    void whoClosesASecondTimeWaitsForTheFirst() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        ready(there.subscribe("n", Integer.class, event -> {
            started.countDown();
            gate.await();
        }));
        here.publish("n", 1);
        assertTrue(started.await(5, SECONDS));
        CompletableFuture<Void> first = CompletableFuture.runAsync(there::close);
        await().until(() -> there.state() == BusState.DRAINING);
        CompletableFuture<Void> second = CompletableFuture.runAsync(there::close);
        assertFalse(first.isDone() || second.isDone());
        gate.countDown();
        CompletableFuture.allOf(first, second).get(10, SECONDS);
        assertEquals(BusState.CLOSED, there.state());
    }

    @Test
    void closingTheBusEndsItsThreads() throws Exception {
        Set<Thread> before = ownThreads();
        Bus bus = builder().build();
        ready(bus.subscribe("n", Integer.class, event -> {}));
        bus.publish("n", 1).get(5, SECONDS);
        bus.close();
        bus.close();
        await().atMost(15, SECONDS).until(() -> before.containsAll(ownThreads()));
    }

    private static Set<Thread> ownThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("omnibus")
                        || thread.getName().startsWith("redisson"))
                .collect(Collectors.toSet());
    }

    @Test
    void aClosedBusFailsInItsOwnWords() {
        here.close();
        PublishException failure = failure(here.publish("n", 1));
        assertEquals(Reason.CLOSED, failure.reason());
        assertEquals(Outcome.NOT_SENT, failure.outcome());
        assertEquals("The bus is closed; the message to " + prefix + ":evt:n was not sent", failure.getMessage());
        ExecutionException refused = assertThrows(
                ExecutionException.class,
                () -> here.subscribe("n", Integer.class, event -> {}).ready().get(5, SECONDS));
        assertInstanceOf(SubscribeException.class, refused.getCause());
        assertThrows(IllegalStateException.class, () -> BusRuntime.of(here).layer(Failing.class, bus -> new Failing()));
    }
}
