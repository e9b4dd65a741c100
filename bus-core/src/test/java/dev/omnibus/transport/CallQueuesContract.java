package dev.omnibus.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.CallQueues.Call;
import dev.omnibus.transport.CallQueues.Cancelled;
import dev.omnibus.transport.CallQueues.Enqueued;
import dev.omnibus.transport.CallQueues.Renewed;
import dev.omnibus.transport.CallQueues.Taken;
import dev.omnibus.transport.CallQueues.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What the queues of calls of every transport must do. Run in memory, against Redis and against a cluster. */
abstract class CallQueuesContract extends QueueTakeoverContract {

    @Test
    void whatIsEnqueuedIsTakenOnceInOrderAndItsAnswerIsKept() {
        assertEquals(List.of(Enqueued.ADDED, Enqueued.ADDED, Enqueued.ADDED), enqueue(call("1"), call("2"), call("3")));
        renew(a);
        renew(b);

        List<Taken> first = take(a, 2);
        List<Taken> rest = take(b, 10);

        assertEquals(List.of("1", "2"), tokens(first));
        assertEquals(List.of("3"), tokens(rest));
        assertEquals("request 1", new String(first.get(0).request(), UTF_8));
        assertTrue(first.get(0).millisLeft() > HOUR.toMillis() - 60_000);
        assertEquals(0, first.get(0).deaths());
        assertEquals(List.of(), take(a, 10));
        assertEquals(List.of(), finish(a, first.get(0), "done").late());
        assertEquals(List.of(), finish(a, first.get(0), "done").late()); // as when its answer was lost
        assertEquals("done", answer("1"));
        assertEquals("", answer("2"));
        assertTrue(find("2").known());
        assertFalse(find("4").known());
    }

    @Test
    void aQueueThatNobodyHasUsedIsEmpty() {
        assertFalse(renew(a).waiting());
        Turn turn = queues.turn(a, List.of(), 10, true).join();
        assertEquals(List.of(), turn.calls());
        assertFalse(turn.more());
        assertEquals(List.of(), queues.held(a, StreamId.EARLIEST, 10).join());
        queues.release(a, List.of(StreamId.EARLIEST.next())).join();
        queues.leave(a).join();
        assertFalse(find("1").known());
    }

    @Test
    void aCallIsKnownByItsTokenHoweverOftenItIsEnqueued() {
        enqueue(call("1"));
        assertEquals(List.of(Enqueued.KNOWN), enqueue(call("1")));
        renew(a);
        List<Taken> taken = take(a, 10);
        assertEquals(List.of("1"), tokens(taken));
        assertEquals(List.of(Enqueued.KNOWN), enqueue(call("1")));
        finish(a, taken.get(0), "done");
        assertEquals(List.of(Enqueued.KNOWN), enqueue(call("1")));
        assertEquals(List.of(), take(a, 10));
    }

    @Test
    void aTokenThatTheProgramChoseIsRefusedWithOtherArguments() {
        Call keyed = new Call("key", bytes("x"), HOUR, Duration.ZERO, HOUR, false, "digest", 1_000, "caller");
        Call other = new Call("key", bytes("y"), HOUR, Duration.ZERO, HOUR, false, "another", 1_000, "caller");
        assertEquals(List.of(Enqueued.ADDED, Enqueued.KNOWN), enqueue(keyed, keyed));
        assertEquals(List.of(Enqueued.OTHER_ARGUMENTS), enqueue(other));
    }

    @Test
    void aQueueHasALimitThatWhatHasExpiredDoesNotCountAgainst() {
        Call third = new Call("3", bytes("x"), HOUR, Duration.ZERO, HOUR, false, "", 2, "caller");
        Call fourth = new Call("4", bytes("x"), HOUR, HOUR, HOUR, false, "", 2, "caller");
        enqueue(call("1"), expiring("2", Duration.ofMillis(20)));
        await().until(() -> enqueue(third).equals(List.of(Enqueued.ADDED)));
        assertEquals(ending("2", "", -32001, "it expired before it was begun"), answer("2"));
        assertEquals(List.of(Enqueued.KNOWN, Enqueued.FULL), enqueue(call("1"), fourth));
    }

    @Test
    void whatHasExpiredIsNeverTaken() {
        enqueue(expiring("1", Duration.ofMillis(1)), call("2"));
        renew(a);
        await().until(() -> !answer("1").isEmpty());
        assertEquals(List.of("2"), tokens(take(a, 10)));
        enqueue(expiring("3", Duration.ofMillis(1)), call("4"));
        await().pollDelay(Duration.ofMillis(5)).until(() -> true);
        assertEquals(List.of("4"), tokens(take(a, 10)));
        assertEquals(ending("1", "", -32001, "it expired before it was begun"), answer("1"));
        assertEquals(ending("3", "", -32001, "it expired before it was begun"), answer("3"));
    }

    @Test
    void aTurnEndsSomeOfWhatHasExpiredAndSaysThatThereMayBeMore() {
        for (int from = 0; from < 600; from += 200) {
            Call[] calls = new Call[200];
            int first = from;
            Arrays.setAll(calls, i -> expiring("x" + (first + i), Duration.ofMillis(1)));
            enqueue(calls);
        }
        enqueue(call("1"));
        await().until(() -> !answer("x599").isEmpty());
        renew(a);
        Turn first = queues.turn(a, List.of(), 10, true).join();
        assertEquals(List.of(), tokens(first.calls()));
        assertTrue(first.more());
        Turn second = queues.turn(a, List.of(), 10, true).join();
        assertEquals(List.of("1"), tokens(second.calls()));
        assertFalse(second.more());
        assertEquals(ending("x300", "", -32001, "it expired before it was begun"), answer("x300"));
    }

    @Test
    void whatWasBegunDoesNotExpire() {
        renew(a);
        Taken taken = takenBeforeItExpires(moment -> expiring("in " + moment, moment));
        enqueue(expiring("later", Duration.ofMillis(taken.millisLeft() + 1)));
        await().until(() -> !answer("later").isEmpty());
        assertEquals("", answer(taken.token()));
        finish(a, taken, "done");
        assertEquals("done", answer(taken.token()));
    }

    @Test
    void whatIsNotToBeBegunYetWaits() {
        Call later = new Call("1", bytes("x"), HOUR, Duration.ofMillis(100), HOUR, false, "", 1_000, "caller");
        Call never = new Call("2", bytes("x"), HOUR, HOUR, HOUR, false, "", 1_000, "caller");
        assertEquals(List.of(Enqueued.ADDED), enqueue(never));
        assertFalse(renew(a).waiting());
        assertEquals(List.of(), take(a, 10));
        assertEquals(List.of(Enqueued.ADDED), enqueue(later));
        await().until(() -> renew(a).waiting());
        assertEquals(List.of("1"), tokens(take(a, 10)));
        assertEquals(Cancelled.REMOVED, queues.cancel(keys, "2").join());
        assertEquals(ending("2", "", -32004, "it was cancelled before it was begun"), answer("2"));
    }

    @Test
    void aCallOfANodeThatIsGoneIsLostAndNeverBegunAgain() {
        enqueue(call("1"), call("2"));
        assertTrue(renew(a).wasGone());
        assertFalse(renew(a).wasGone());
        Taken taken = take(a, 1).get(0);
        die(a);
        assertEquals(ending("1", "a", -32006, "the node that had begun it left or died"), answer("1"));
        assertEquals(List.of("1"), finish(a, taken, "too late").late());
        assertEquals(ending("1", "a", -32006, "the node that had begun it left or died"), answer("1"));
        assertEquals(List.of("2"), tokens(take(b, 10)));
    }

    @Test
    void aStandstillLongerThanALeaseBuriesNobody() {
        Duration lease = Duration.ofSeconds(2);
        enqueue(call("1"), idempotent("2"));
        queues.renew(a, lease).join();
        queues.renew(b, lease).join();
        List<Taken> taken = take(a, 2);
        standStill(lease.plusMillis(100));
        assertFalse(queues.renew(b, lease).join().wasGone());
        assertEquals("", answer("1"));
        assertFalse(queues.renew(a, lease).join().wasGone());
        assertEquals(List.of(), finish(a, taken.get(1), "done").late());
        assertEquals("done", answer("2"));
        await().pollInterval(Duration.ofMillis(20))
                .until(
                        () -> { // whoever is dead is found one lease later
                            queues.renew(b, lease).join();
                            return !answer("1").isEmpty();
                        });
        assertEquals(ending("1", "a", -32006, "the node that had begun it left or died"), answer("1"));
    }

    @Test
    void whoIsDeadIsSoAlsoToOneThatIsSlowItself() {
        Duration lease = Duration.ofMillis(300);
        enqueue(call("1"));
        queues.renew(a, lease).join();
        queues.renew(b, lease).join();
        take(a, 1);
        for (int i = 0; i < 4; i++) { // one lease more, and not for ever
            standStill(Duration.ofMillis(200));
            queues.find(keys, List.of("1"), "caller").join(); // which may see that the lease has ended
            queues.renew(b, lease).join();
        }
        assertEquals(ending("1", "a", -32006, "the node that had begun it left or died"), answer("1"));
    }

    @Test
    void anIdempotentCallOfANodeThatIsGoneIsBegunAgainUntilItHasKilledThree() {
        enqueue(idempotent("1"));
        for (int deaths = 0; deaths < CallQueues.MAX_DEATHS; deaths++) {
            renew(a);
            List<Taken> again = take(a, 10);
            assertEquals(List.of("1"), tokens(again));
            assertEquals(deaths, again.get(0).deaths());
            die(a);
        }
        renew(a);
        assertEquals(List.of(), take(a, 10));
        assertEquals(ending("1", "a", -32007, "it was begun 3 times, and each time its node died"), answer("1"));
    }

    @Test
    void anAnswerCountsAsLongAsNobodyElseHasTheCall() {
        enqueue(idempotent("1"), idempotent("2"));
        renew(a);
        List<Taken> taken = take(a, 2);
        die(a);
        assertEquals(List.of("1"), tokens(take(b, 1)));
        assertEquals(List.of("1"), finish(a, taken.get(0), "done").late());
        assertEquals(List.of(), finish(a, taken.get(1), "done").late());
        assertEquals("", answer("1"));
        assertEquals("done", answer("2"));
        assertEquals(List.of(), take(b, 2));
    }

    @Test
    void aNodeTakesOneSuspectAtATime() {
        enqueue(idempotent("1"), idempotent("2"), idempotent("3"));
        renew(a);
        assertEquals(3, take(a, 10).size());
        die(a);
        enqueue(idempotent("4"));
        renew(b);
        assertEquals(
                List.of("4"), tokens(queues.turn(b, List.of(), 10, false).join().calls()));
        List<Taken> suspect = take(b, 10);
        assertEquals(List.of("1"), tokens(suspect));
        assertEquals(1, suspect.get(0).deaths());
        assertEquals(
                List.of("2"), tokens(queues.turn(b, List.of(), 10, true).join().calls()));
    }

    @Test
    void whatWasGivenBackIsTakenBesideAnyNumberOfSuspects() {
        Call[] calls = new Call[150];
        Arrays.setAll(calls, i -> idempotent("suspect " + i));
        enqueue(calls);
        renew(a);
        assertEquals(150, take(a, 200).size());
        die(a);
        enqueue(call("1"));
        renew(b);
        List<Taken> taken = queues.turn(b, List.of(), 1, false).join().calls();
        assertEquals(List.of("1"), tokens(taken));
        queues.release(b, List.of(taken.get(0).entry())).join();

        Renewed renewed = renew(b);
        assertTrue(renewed.waiting());
        assertTrue(renewed.suspects());
        assertEquals(
                List.of("1"), tokens(queues.turn(b, List.of(), 10, false).join().calls()));
        assertEquals(1, take(b, 10).size()); // of the suspects
    }

    @Test
    void aNodeWithoutALeaseTakesNothing() {
        enqueue(call("1"));
        Turn turn = queues.turn(a, List.of(), 10, true).join();
        assertTrue(turn.lapsed());
        assertEquals(List.of(), turn.calls());
        renew(a);
        turn = queues.turn(a, List.of(), 10, true).join();
        assertFalse(turn.lapsed());
        assertEquals(List.of("1"), tokens(turn.calls()));
    }

    @Test
    void whoeverRenewsLearnsForHowLongNothingComesUp() {
        assertTrue(renew(a).rest().compareTo(HOUR) > 0);
        enqueue(new Call("1", bytes("x"), HOUR, HOUR, HOUR, false, "", 1_000, "caller"));
        Duration rest = renew(a).rest();
        assertTrue(rest.compareTo(HOUR) <= 0 && rest.compareTo(HOUR.minusMinutes(5)) > 0, rest::toString);
        enqueue(call("2"));
        assertEquals(Duration.ZERO, renew(a).rest());
        finish(a, take(a, 1).get(0), "done");
        assertFalse(renew(a).rest().isZero());
    }

    @Test
    void howeverManyCallsAreDueAtTheSameTimeTheyAreMovedAtOnce() {
        Duration soon = Duration.ofMillis(700);
        for (int from = 0; from < 600; from += 200) {
            Call[] calls = new Call[200];
            int first = from;
            Arrays.setAll(
                    calls, i -> new Call("d" + (first + i), bytes("x"), HOUR, soon, HOUR, false, "", 1_000, "caller"));
            enqueue(calls);
        }
        await().pollDelay(soon.plusMillis(50)).until(() -> true);
        int renewals = 1;
        while (renew(a).moreDue()) {
            renewals++;
        }
        assertTrue(renewals <= 3, () -> "not at once");
        List<Taken> taken = new ArrayList<>();
        for (List<Taken> more = take(a, 256); !more.isEmpty(); more = take(a, 256)) {
            taken.addAll(more);
        }
        assertEquals(600, taken.size());
    }

    @Test
    void aDelayedCallIsAnnouncedToNodesThatRest() throws Exception {
        LinkedBlockingQueue<String> arrived = new LinkedBlockingQueue<>();
        transport
                .subscribe(keys.notices(), (channel, frame) -> arrived.add(new String(frame, UTF_8)))
                .join();
        enqueue(new Call("1", bytes("x"), HOUR, HOUR, HOUR, false, "", 1_000, "caller"));
        assertEquals("{}", arrived.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void anAnswerToACallWhoseKeyWasUsedAgainLongAfterItsEndDoesNotCount() {
        renew(a);
        Taken first = takenBeforeItExpires(moment -> new Call(
                "key in " + moment, bytes("x"), moment, Duration.ZERO, moment, false, "digest", 1_000, "caller"));
        String key = first.token();
        die(a);
        await().until(() -> !find(key).known());
        enqueue(new Call(key, bytes("x"), HOUR, Duration.ZERO, HOUR, false, "digest", 1_000, "caller"));
        assertEquals(List.of(key), finish(a, first, "of the first").late());
        renew(b);
        Taken second = take(b, 1).get(0);
        assertEquals(List.of(key), finish(a, first, "of the first").late());
        finish(b, second, "of the second");
        assertEquals("of the second", answer(key));
    }

    @Test
    void whatWasTakenAndNotBegunCanBeGivenBack() {
        enqueue(call("1"), call("2"));
        renew(a);
        List<Taken> taken = take(a, 10);
        queues.release(a, List.of(taken.get(0).entry())).join();
        queues.release(b, List.of(taken.get(1).entry())).join(); // which is not its own
        renew(b);
        List<Taken> again = take(b, 10);
        assertEquals(List.of("1"), tokens(again));
        assertEquals(0, again.get(0).deaths());
        assertEquals(1, renew(a).held());
    }

    @Test
    void whatANodeHasCanBeReadAgain() {
        enqueue(call("1"), call("2"), call("3"));
        renew(a);
        List<Taken> taken = take(a, 2);
        assertEquals(
                List.of("1", "2"), tokens(queues.held(a, StreamId.EARLIEST, 10).join()));
        assertEquals(
                List.of("2"), tokens(queues.held(a, taken.get(0).entry(), 10).join()));
        assertEquals(List.of(), queues.held(b, StreamId.EARLIEST, 10).join());
        assertEquals(2, renew(a).held());
        assertEquals(0, renew(b).held());
    }

    @Test
    void aNodeThatLeavesLosesWhatItStillHas() {
        enqueue(call("1"));
        renew(a);
        take(a, 1);
        queues.leave(a).join();
        await().until(() -> {
            renew(b);
            return !answer("1").isEmpty();
        });
        assertEquals(ending("1", "a", -32006, "the node that had begun it left or died"), answer("1"));
        assertTrue(renew(a).wasGone());
    }

    @Test
    void aCallThatWaitsIsCancelledAndTheNodeOfOneThatWasBegunIsAsked() {
        enqueue(call("1"), call("2"));
        renew(a);
        Taken begun = take(a, 1).get(0);
        assertEquals(Cancelled.REMOVED, queues.cancel(keys, "2").join());
        assertEquals(Cancelled.ASKED, queues.cancel(keys, "1").join());
        assertEquals(List.of(), renew(b).cancelled());
        assertEquals(List.of("1"), renew(a).cancelled());
        assertEquals(List.of(), renew(a).cancelled());
        finish(a, begun, "done");
        assertEquals(Cancelled.ENDED, queues.cancel(keys, "1").join());
        assertEquals(Cancelled.ENDED, queues.cancel(keys, "2").join());
        assertEquals(Cancelled.UNKNOWN, queues.cancel(keys, "3").join());
        assertEquals(List.of(), take(a, 10));
        assertEquals(ending("2", "", -32004, "it was cancelled before it was begun"), answer("2"));
    }

    @Test
    void anAnswerIsKeptForAsLongAsItIsSaidAndACallOfAKeyUntilItExpires() {
        Duration moment = Duration.ofMillis(50);
        enqueue(
                new Call("1", bytes("x"), HOUR, Duration.ZERO, moment, false, "", 1_000, "caller"),
                new Call("2", bytes("x"), HOUR, Duration.ZERO, moment, false, "digest", 1_000, "caller"));
        renew(a);
        take(a, 2).forEach(taken -> finish(a, taken, "done"));
        await().until(() -> !find("1").known());
        assertEquals("done", answer("2"));
    }

    @Test
    void theNodesThatAskGetTheAnswerInTheirInboxes() throws Exception {
        String caller = "caller-" + UUID.randomUUID();
        String asker = "asker-" + UUID.randomUUID();
        LinkedBlockingQueue<String> arrived = new LinkedBlockingQueue<>();
        for (String node : List.of(caller, asker)) {
            transport
                    .subscribe(
                            keys.inboxes() + node,
                            (channel, frame) -> arrived.add(channel + " " + new String(frame, UTF_8)))
                    .join();
        }
        enqueue(new Call("1", bytes("x"), HOUR, Duration.ZERO, HOUR, false, "", 1_000, caller));
        queues.find(keys, List.of("1"), asker).join();
        queues.find(keys, List.of("1"), asker).join();
        renew(a);

        finish(a, take(a, 1).get(0), "{}");

        List<String> both = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            both.add(Objects.requireNonNull(arrived.poll(10, TimeUnit.SECONDS)));
        }
        both.sort(null);
        assertEquals(List.of("test:inbox:" + asker + " {}", "test:inbox:" + caller + " {}"), both);
        assertNull(arrived.poll());
    }

    @Test
    void whatIsEnqueuedIsAnnounced() throws Exception {
        LinkedBlockingQueue<String> arrived = new LinkedBlockingQueue<>();
        transport
                .subscribe(keys.notices(), (channel, frame) -> arrived.add(new String(frame, UTF_8)))
                .join();
        enqueue(call("1"), call("2"));
        assertEquals("{}", arrived.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void nodesThatTakeAtTheSameTimeTakeEachCallOnce() {
        int count = 200;
        for (int i = 0; i < count; i += 100) {
            int from = i;
            Call[] calls = new Call[100];
            Arrays.setAll(calls, k -> call(String.valueOf(from + k)));
            enqueue(calls);
        }
        renew(a);
        renew(b);
        List<String> taken = new ArrayList<>();
        while (taken.size() < count) {
            var ofA = queues.turn(a, List.of(), 7, true);
            var ofB = queues.turn(b, List.of(), 40, true);
            taken.addAll(tokens(ofA.join().calls()));
            taken.addAll(tokens(ofB.join().calls()));
        }
        assertEquals(count, taken.stream().distinct().count());
        assertFalse(queues.turn(a, List.of(), 10, true).join().more());
    }
}
