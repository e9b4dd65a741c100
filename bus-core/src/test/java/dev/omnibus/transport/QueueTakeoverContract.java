package dev.omnibus.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.CallQueues.Call;
import dev.omnibus.transport.CallQueues.Cancelled;
import dev.omnibus.transport.CallQueues.Enqueued;
import dev.omnibus.transport.CallQueues.Taken;
import dev.omnibus.transport.CallQueues.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What queues of calls must do where another server has taken over, which may have forgotten who has what. */
abstract class QueueTakeoverContract extends CallQueuesFixture {

    @Test
    void whereAnotherServerHasTakenOverNothingIsTakenForALease() {
        Duration lease = Duration.ofSeconds(3);
        enqueue(call("1"), expiring("2", Duration.ofMillis(1)));
        assertEquals(0, queues.renew(a, lease).join().takeover());
        takeOver();
        Turn turn = queues.turn(a, List.of(), 10, true).join();
        assertTrue(turn.lapsed()); // it does not know yet what to claim
        assertEquals(List.of(), turn.calls());
        long takeover = queues.renew(a, lease).join().takeover();
        assertTrue(takeover != 0);
        assertEquals(takeover, queues.renew(b, lease).join().takeover());
        turn = queues.turn(a, List.of(), 10, true).join();
        assertEquals(List.of(), turn.calls());
        assertFalse(turn.lapsed());
        assertEquals("", answer("2")); // perhaps a node has it
        List<Taken> taken = new ArrayList<>();
        await().pollInterval(Duration.ofMillis(20)).until(() -> {
            queues.renew(a, lease).join();
            taken.addAll(take(a, 10));
            return !taken.isEmpty();
        });
        assertEquals(List.of("1"), tokens(taken));
        assertEquals(ending("2", "", -32001, "it expired before it was begun"), answer("2"));
        await().until(() -> queues.renew(a, lease).join().takeover() == 0);
    }

    @Test
    void whatIsCancelledWhereAnotherServerHasTakenOverMayHaveBeenBegun() {
        enqueue(call("1"));
        renew(a);
        takeOver();
        assertEquals(Cancelled.REMOVED, queues.cancel(keys, "1").join());
        assertEquals(ending("1", "-", -32004, "it was cancelled"), answer("1"));
    }

    @Test
    void aCallWithAKeyThatItsNodeHasClaimedIsTheSameIfItIsEnqueuedAgain() {
        Call keyed = new Call("key", bytes("x"), HOUR, Duration.ZERO, HOUR, false, "digest", 1_000, "caller");
        renew(a);
        queues.claim(a, List.of("key")).join(); // its server has forgotten all of it
        enqueue(keyed);
        Taken before = new Taken(new StreamId(1, 1), "key", bytes("x"), 1, 0);
        assertEquals(List.of(), finish(a, before, "done").late());
        assertEquals("done", answer("key"));
        assertEquals(List.of(), take(a, 10));
    }

    @Test
    void aCallOfWhichNothingButTheAnswerIsKnownIsTheSameIfItIsEnqueuedAgain() {
        Call keyed = new Call("key", bytes("x"), HOUR, Duration.ZERO, HOUR, false, "digest", 1_000, "caller");
        finish(a, new Taken(new StreamId(1, 1), "key", bytes("x"), 1, 0), "done");
        assertEquals(List.of(Enqueued.KNOWN), enqueue(keyed));
        assertEquals("done", answer("key"));
    }

    @Test
    void nobodyIsBuriedWhereAnotherServerHasTakenOverUntilALeaseHasPassed() {
        Duration lease = Duration.ofSeconds(3);
        enqueue(call("1"));
        queues.renew(a, lease).join();
        take(a, 1);
        queues.renew(a, Duration.ofMillis(1)).join(); // it ends in the moment of the outage
        takeOver();
        queues.renew(b, lease).join();
        queues.renew(b, lease).join();
        assertEquals("", answer("1"));
        assertFalse(queues.renew(a, lease).join().wasGone());
    }

    @Test
    void aCallThatANodeHadClaimedCountsOneDeathWithIt() {
        enqueue(idempotent("1"));
        renew(a);
        queues.release(a, List.of(take(a, 1).get(0).entry())).join();
        queues.claim(a, List.of("1")).join();
        renew(b);
        assertEquals(List.of(), take(b, 1)); // it is left to the node
        die(a);
        for (int i = 0; i < 3; i++) {
            assertEquals("", answer("1"));
        }
        assertEquals(1, take(b, 1).get(0).deaths());
    }

    @Test
    void aCallThatANodeHasByItsClaimAloneCountsItsDeathToo() {
        enqueue(idempotent("1"));
        renew(a);
        queues.claim(a, List.of("1")).join();
        die(a);
        for (int i = 0; i < 3; i++) {
            assertEquals("", answer("1"));
        }
        await().until(() -> {
            List<Taken> taken = take(b, 1);
            renew(b);
            return !taken.isEmpty() && taken.get(0).deaths() == 1;
        });
    }

    @Test
    void whatANodeClaimsIsLeftToIt() {
        enqueue(call("1"), call("2"));
        renew(a);
        renew(b);
        queues.claim(a, List.of("1", "3")).join();
        assertEquals(List.of("2"), tokens(take(b, 10)));
        assertEquals(List.of(Enqueued.ADDED), enqueue(call("3"))); // its caller has found that it is not known
        assertEquals(List.of(), take(b, 10));
        List<Taken> held = queues.held(a, StreamId.EARLIEST, 10).join();
        assertEquals(List.of("1", "3"), tokens(held));
        assertEquals(List.of(), finish(a, held.get(1), "done").late());
        assertEquals("done", answer("3"));
        die(a);
        assertEquals(ending("1", "a", -32006, "the node that had begun it left or died"), answer("1"));
    }

    @Test
    void whatIsClaimedDoesNotExpireAndItsNodeIsAskedToCancelIt() {
        Duration moment = Duration.ofMillis(30);
        enqueue(expiring("1", moment), expiring("2", moment));
        renew(a);
        renew(b);
        queues.claim(a, List.of("1", "2")).join();
        await().pollDelay(moment.multipliedBy(2)).until(() -> true);
        assertEquals("", answer("1"));
        enqueue(new Call("3", bytes("x"), HOUR, Duration.ZERO, HOUR, false, "", 1, "caller")); // which is too many
        assertEquals("", answer("2"));
        assertEquals(Cancelled.ASKED, queues.cancel(keys, "2").join());
        assertEquals(List.of("2"), renew(a).cancelled());
        assertEquals(List.of(), take(b, 10));
        List<Taken> held = queues.held(a, StreamId.EARLIEST, 10).join();
        assertEquals(List.of("1", "2"), tokens(held));
        finish(a, held.get(0), "done");
        assertEquals("done", answer("1"));
    }

    @Test
    void whatItsNodeHasClaimedAndTakenIsTheSameCall() {
        enqueue(expiring("1", Duration.ofMillis(30)));
        renew(a);
        queues.claim(a, List.of("1")).join();
        await().pollDelay(Duration.ofMillis(60)).until(() -> true);
        List<Taken> taken = take(a, 10);
        assertEquals(List.of("1"), tokens(taken)); // it runs, and so it does not expire
        finish(a, taken.get(0), "done");
        assertEquals("done", answer("1"));
    }

    @Test
    void whatHasEndedOrIsAnotherNodesCannotBeClaimed() {
        enqueue(call("1"), call("2"));
        renew(a);
        renew(b);
        finish(a, take(a, 1).get(0), "done");
        Taken other = take(b, 1).get(0);
        queues.claim(a, List.of("1", "2")).join();
        assertEquals(List.of(), queues.held(a, StreamId.EARLIEST, 10).join());
        queues.release(b, List.of(other.entry())).join();
        assertEquals(List.of("2"), tokens(take(b, 10)));
        assertEquals("done", answer("1"));
    }

    @Test
    void whatIsANodesByItsClaimAloneCanBeGivenBack() {
        enqueue(call("1"), call("2"));
        renew(a);
        renew(b);
        List<StreamId> entries = take(a, 2).stream().map(Taken::entry).toList();
        queues.release(a, entries).join();
        queues.claim(a, List.of("1", "2")).join();
        queues.release(a, entries.subList(0, 1)).join();
        queues.release(b, entries).join(); // which are not its own
        assertEquals(List.of("1"), tokens(take(b, 10)));
        assertEquals(List.of("2"), tokens(queues.held(a, StreamId.EARLIEST, 10).join()));
    }
}
