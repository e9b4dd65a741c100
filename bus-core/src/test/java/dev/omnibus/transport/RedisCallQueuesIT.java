package dev.omnibus.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.CallQueues.Enqueued;
import dev.omnibus.transport.CallQueues.Turn;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

@WithRedis
class RedisCallQueuesIT extends CallQueuesContract {

    private final RedisServer redis;

    RedisCallQueuesIT(RedisServer redis) {
        this.redis = redis;
    }

    @Override
    Transport connect() {
        return RedissonTransport.connect(redis.url());
    }

    @Override
    void takeOver() {
        takeOver(redis, keys);
    }

    @Override
    void standStill(Duration time) {
        standStill(redis, time);
    }

    @Test
    void entriesThatAreNoCallsAreRemovedAndCounted() {
        renew(a);
        redis.command("XADD", keys.queue(), "*", "x", "y");
        redis.command("XADD", keys.queue(), "*", "i", "1");
        enqueue(call("2"));
        redis.command("XADD", keys.queue(), "*", "r", "{}");
        Turn turn = queues.turn(a, List.of(), 10, true).join();
        assertEquals(List.of("2"), tokens(turn.calls()));
        assertEquals(3, turn.dropped());
        assertEquals(1L, redis.command("XLEN", keys.queue()));
    }

    @Test
    void anEntryOfACallThatIsThereTwiceOrHasEndedIsRemovedAndNotTaken() {
        enqueue(call("1"));
        redis.command("XADD", keys.queue(), "*", "i", "1", "r", "{}");
        redis.command("XADD", keys.queue(), "*", "i", "2", "r", "{}"); // by hand, and so nothing is known of them
        redis.command("XADD", keys.queue(), "*", "i", "2", "r", "{}");
        renew(a);
        List<CallQueues.Taken> taken = take(a, 10);
        assertEquals(List.of("1", "2"), tokens(taken));
        taken.forEach(call -> finish(a, call, "done"));
        redis.command("XADD", keys.queue(), "*", "i", "1", "r", "{}");
        assertEquals(List.of(), take(a, 10));
        assertEquals(0L, redis.command("XLEN", keys.queue()));
        assertEquals(0L, redis.command("ZCARD", keys.later()));
    }

    @Test
    void theAnswerOfACallThatRedisHasLostAndGotAgainRemovesItsNewEntry() {
        enqueue(idempotent("1"));
        renew(a);
        var taken = take(a, 1).get(0);
        redis.command("DEL", keys.queue(), keys.call("1"));
        enqueue(idempotent("1"));
        assertEquals(List.of(), finish(a, taken, "done").late());
        assertEquals(List.of(), take(a, 10));
        assertEquals("done", answer("1"));
        assertEquals(0L, redis.command("XLEN", keys.queue()));
    }

    /** As its requests may be large, and it refuses as fast as it is asked. */
    @Test
    void aFullQueueIsReadInPartsAndNotForEachCallThatItRefuses() {
        for (int i = 0; i < 23; i++) {
            enqueue(new CallQueues.Call(
                    "large " + i, new byte[100_000], HOUR, Duration.ZERO, HOUR, false, "", 1_000, "caller"));
        }
        enqueue(expiring("short", Duration.ofMillis(1)));
        CallQueues.Call more =
                new CallQueues.Call("more", bytes("x"), HOUR, Duration.ZERO, HOUR, false, "", 24, "caller");
        assertEquals(List.of(Enqueued.FULL), enqueue(more));
        Object at = redis.command("HGET", keys.queue() + ":swept", "at");
        List<?> part = assertInstanceOf(List.class, redis.command("XRANGE", keys.queue(), "-", "+", "COUNT", "16"));
        Object last = assertInstanceOf(List.class, part.get(15)).get(0);
        assertEquals("(" + last, String.valueOf(at));
        assertEquals(List.of(Enqueued.FULL), enqueue(more));
        await().until(() -> enqueue(more).equals(List.of(Enqueued.ADDED))); // a part a second
        assertEquals(ending("short", "", -32001, "it expired before it was begun"), answer("short"));
    }

    @Test
    void aFullMemoryRefusesWhatIsNewAndNothingElse() {
        enqueue(call("1"), call("2"), call("3"));
        renew(a);
        var taken = take(a, 1);
        redis.command("CONFIG", "SET", "maxmemory", "1000");
        try {
            assertEquals(
                    TransportException.Kind.OUT_OF_MEMORY,
                    StreamsFixture.kind(queues.enqueue(keys, List.of(call("4")))));
            assertTrue(renew(a).waiting());
            assertEquals(List.of(), finish(a, taken.get(0), "done").late());
            assertEquals("done", answer("1"));
            assertEquals(CallQueues.Cancelled.REMOVED, queues.cancel(keys, "3").join());
            var next = take(a, 10);
            assertEquals(List.of("2"), tokens(next));
            queues.release(a, List.of(next.get(0).entry())).join();
            queues.leave(a).join();
        } finally {
            redis.command("CONFIG", "SET", "maxmemory", "0");
        }
        assertEquals(List.of(Enqueued.ADDED), enqueue(call("4")));
    }

    @Test
    void aKeyUnderWhichSomebodyHasWrittenSomethingElseStopsNothing() {
        redis.command("SET", keys.call("1"), "poison");
        assertEquals(List.of(Enqueued.SPOILT, Enqueued.ADDED), enqueue(call("1"), call("2")));
        assertFalse(find("1").known());
        assertEquals(CallQueues.Cancelled.UNKNOWN, queues.cancel(keys, "1").join());
        renew(a);
        var taken = take(a, 10).get(0);
        redis.command("SET", keys.call("2"), "poison");
        assertEquals(List.of(), finish(a, taken, "done").late());
        assertEquals("done", answer("2"));
    }

    @Test
    void aQueueUnderWhichSomebodyHasWrittenSomethingElseIsReported() {
        redis.command("SET", keys.queue(), "poison");
        assertEquals(TransportException.Kind.WRONG_TYPE, StreamsFixture.kind(queues.enqueue(keys, List.of(call("1")))));
        assertEquals(TransportException.Kind.WRONG_TYPE, StreamsFixture.kind(queues.renew(a, LEASE)));
        assertEquals(TransportException.Kind.WRONG_TYPE, StreamsFixture.kind(queues.turn(a, List.of(), 1, true)));
    }

    @Test
    void aGroupThatWasRemovedIsMadeAgainAndLeasesThatWereLostKillNobody() {
        enqueue(call("1"), call("2"));
        renew(a);
        take(a, 1);
        redis.command("DEL", keys.leases());
        renew(b);
        assertEquals("", answer("1"));
        redis.command("XGROUP", "DESTROY", keys.queue(), "servers");
        renew(b);
        assertEquals(List.of("1", "2"), tokens(take(b, 10))); // who removes it has been told
    }

    @Test
    void everythingExpiresByItself() {
        enqueue(call("1"), call("2"), new CallQueues.Call("3", bytes("x"), HOUR, HOUR, HOUR, true, "", 9, "caller"));
        renew(a);
        var taken = take(a, 2);
        finish(a, taken.get(0), "done");
        queues.cancel(keys, "2").join();
        List<?> all = assertInstanceOf(List.class, redis.command("KEYS", keys.queue() + "*"));
        assertTrue(all.size() >= 7, all::toString);
        for (Object key : all) {
            long left = assertInstanceOf(Long.class, redis.command("PTTL", String.valueOf(key)));
            assertTrue(left > 0, () -> key + " does not expire");
        }
    }

    @Test
    void whatANodeHadThatWasTheOnlyOneEndsWhenItIsLookedFor() {
        Duration soon = Duration.ofMillis(500);
        enqueue(call("1"), new CallQueues.Call("2", bytes("x"), soon, Duration.ZERO, HOUR, true, "", 9, "caller"));
        renew(a);
        assertEquals(2, take(a, 2).size());
        redis.command("ZADD", keys.leases(), "1", "a"); // it has ended
        assertEquals("", answer("1")); // perhaps nobody could renew
        assertEquals("", answer("2"));
        redis.command("ZADD", keys.leases(), "-1", "a"); // and that is long ago
        assertEquals(ending("1", "a", -32006, "the node that had begun it left or died"), answer("1"));
        await().until(() -> !answer("2").isEmpty()); // until then another node may begin it
        assertEquals(ending("2", "-", -32006, "the node that had begun it left or died"), answer("2"));
        assertTrue(renew(a).wasGone());
    }

    @Test
    void whatANodeHadThatLeftAsTheLastOneEndsWhenItIsLookedFor() {
        enqueue(call("1"));
        renew(a);
        assertEquals(1, take(a, 1).size());
        queues.leave(a).join();
        assertEquals(ending("1", "a", -32006, "the node that had begun it left or died"), answer("1"));
    }
}
