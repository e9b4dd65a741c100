package dev.omnibus.rpc.internal.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.rpc.internal.wire.ReplyPacer;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcCodec.Answer;
import dev.omnibus.rpc.internal.wire.WireBytes;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a node remembers of its calls, and for how long. */
class IdempotencyCacheTest {

    private final Bus bus = Bus.builder(new InMemoryNetwork().open()).build();
    private final RpcCodec codec = new RpcCodec(new ObjectMapper(), "n", "bus:inbox:n");
    private final ReplySender answers = new ReplySender(
            BusRuntime.of(bus).channels(),
            codec,
            Runnable::run,
            new ReplyPacer(Runnable::run, BusRuntime.of(bus).channels()::later),
            null);
    private final ServedMethod method = ServedMethod.of("echo.say", JsonNode.class, params -> params, codec);
    private final IdempotencyCache repeated = new IdempotencyCache();
    private int lastId;

    @AfterEach
    void close() {
        bus.close();
    }

    private ServerCall call(String from, String key) {
        return call(from, key, 1_000);
    }

    private ServerCall call(String from, String key, long ttl) {
        String inbox = "bus:inbox:" + from;
        RpcCodec.Request request =
                new RpcCodec.Request("" + ++lastId, "echo.say", null, from, inbox, ttl, key, Map.of());
        return new ServerCall(method, request, answers, System.nanoTime(), 1);
    }

    private static Answer answer(int length) {
        return new Answer(0, new byte[length]);
    }

    @Test
    void theEldestAnswersAreForgottenWhenThereAreTooManyOrTooLargeOnes() {
        for (int i = 0; i < 3_000; i++) {
            ServerCall execution = call("a", "k" + i);
            assertTrue(repeated.isFirst(execution));
            execution.settle(answer(10), null);
        }
        assertTrue(repeated.isFirst(call("a", "k0")), "forgotten");
        assertEquals(false, repeated.isFirst(call("a", "k2999")));

        for (int i = 0; i < 20; i++) {
            ServerCall execution = call("a", "large" + i);
            assertTrue(repeated.isFirst(execution));
            execution.settle(answer(512 * 1024), null);
        }
        assertEquals(false, repeated.isFirst(call("a", "large19")));
        assertTrue(repeated.isFirst(call("a", "large0")), "forgotten for its size");
    }

    @Test
    void whatIsRememberedOfCallsWithLongNamesIsShort() {
        RequestDeduplicator recent = new RequestDeduplicator();
        for (int i = 0; i < 10; i++) {
            String from = "f".repeat(500) + i;
            String key = "k".repeat(4_000) + i;
            assertTrue(recent.isNew(call(from, key)));
            assertTrue(repeated.isFirst(call(from, key)));
        }
        for (int i = 0; i < 10; i++) {
            String from = "f".repeat(500) + i;
            String key = "k".repeat(4_000) + i;
            assertFalse(repeated.isFirst(call(from, key)), "and nothing is taken for another one");
            assertEquals(33, WireBytes.fingerprint(key).length());
        }
        assertEquals("k".repeat(64), WireBytes.fingerprint("k".repeat(64)));
    }

    @Test
    void oneThatRunsIsNeverForgotten() {
        ServerCall running = call("a", "running");
        assertTrue(repeated.isFirst(running));
        for (int i = 0; i < 3_000; i++) {
            ServerCall execution = call("a", "k" + i);
            assertTrue(repeated.isFirst(execution));
            execution.settle(answer(10), null);
        }

        assertEquals(false, repeated.isFirst(call("a", "running")));
    }

    @Test
    void whatRunsIsCancelledWhenTheLastWhoWaitsForItGivesUp() {
        for (boolean firstGivesUpFirst : new boolean[] {true, false}) {
            String key = "k" + firstGivesUpFirst;
            ServerCall first = call("a", key);
            assertTrue(repeated.isFirst(first));
            assertTrue(first.begin());
            ServerCall second = call("a", key);
            assertFalse(repeated.isFirst(second));

            ServerCall quick = firstGivesUpFirst ? first : second;
            quick.cancel();
            quick.cancel(); // doubled on its way
            assertFalse(first.isCancelled(), "somebody waits for it");
            ServerCall third = call("a", key);
            assertFalse(repeated.isFirst(third));
            third.cancel();
            assertFalse(first.isCancelled());
            (firstGivesUpFirst ? second : first).cancel();

            assertTrue(first.isCancelled());
        }
    }

    @Test
    void whatWasCancelledIsNotExecutedAgainUntilItHasEnded() {
        ServerCall running = call("a", "k");
        assertTrue(repeated.isFirst(running));
        assertTrue(running.begin());
        running.cancel();
        assertTrue(running.isCancelled());

        ServerCall early = call("a", "k");
        assertFalse(repeated.isFirst(early));
        assertFalse(early.begin(), "it has its answer: try again");

        running.onMethodEnded();
        assertTrue(repeated.isFirst(call("a", "k")));
    }

    @Test
    void whatWasCancelledBeforeItWasStartedMayBeTriedAgainAtOnce() {
        ServerCall waiting = call("a", "k");
        assertTrue(repeated.isFirst(waiting));
        waiting.cancel();
        assertFalse(waiting.begin());
        assertTrue(repeated.isFirst(call("a", "k")));
    }

    @Test
    void whatRunsForSeveralHasTheTimeOfTheOneWhoWaitsLongest() {
        ServerCall quick = call("a", "k", -1);
        assertTrue(repeated.isFirst(quick));
        assertTrue(quick.hasExpired());
        assertFalse(repeated.isFirst(call("a", "k", 60_000)));
        assertFalse(quick.hasExpired());
        assertFalse(repeated.isFirst(call("a", "k", 0)));
        assertFalse(quick.hasExpired());
        assertTrue(quick.timeLeft().toMillis() > 30_000);
    }

    @Test
    void whatIsCancelledBeforeItIsKnownByItsKeyIsForgotten() {
        ServerCall early = call("a", "k");
        early.cancel(); // by another channel
        assertTrue(repeated.isFirst(early));
        assertFalse(early.begin());

        assertTrue(repeated.isFirst(call("a", "k")), "nobody would ever have got an answer");
    }

    @Test
    void whoWaitsForAnotherOnesAnswerIsNotOneThatMayGoElsewhere() {
        RequestDeduplicator recent = new RequestDeduplicator();
        ServerCall first = call("a", "k");
        ServerCall second = call("a", "k");
        assertTrue(recent.isNew(first));
        assertTrue(recent.isNew(second));
        assertTrue(repeated.isFirst(first));
        assertFalse(repeated.isFirst(second));
        assertTrue(first.begin());

        assertEquals(List.of(), recent.waiting());
    }

    @Test
    void anInterruptOfAMethodIsNotLeftToWhatItsThreadDoesNext() {
        ServerCall interruptsItself = call("a", "");
        CallContext outer = interruptsItself.enter();
        Thread.currentThread().interrupt();
        interruptsItself.leave(outer);
        assertFalse(Thread.interrupted());

        Thread.currentThread().interrupt(); // by whoever owns the thread
        ServerCall other = call("a", "");
        CallContext before = other.enter();
        assertFalse(Thread.currentThread().isInterrupted());
        other.leave(before);
        assertTrue(Thread.interrupted());
    }

    @Test
    void aRequestIsFoundUntilItHasItsAnswerAndKnownLonger() {
        RequestDeduplicator recent = new RequestDeduplicator();
        ServerCall execution = call("a", "");
        String id = execution.request().id();
        assertTrue(recent.isNew(execution));
        assertSame(execution, recent.find("a", id));
        assertEquals(List.of(execution), recent.waiting());
        assertNull(recent.find("b", id));

        execution.settle(answer(1), null);

        assertNull(recent.find("a", id));
        assertEquals(List.of(), recent.waiting());
        assertEquals(false, recent.isNew(execution));
    }

    @Test
    void numbersOfAServiceThatCannotBeAreRefused() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> new ServiceOptions(0, -1));
        assertEquals(
                "A service with 0 calls at a time and -1 waiting cannot be; it must be at least 1 and 0",
                e.getMessage());
        assertEquals(
                new ServiceOptions(2, 3),
                ServiceOptions.defaults().withConcurrency(2).withQueue(3));
    }

    @Test
    void aCallThatRunsIsFoundAndNotDoubledHoweverManyCameAfterIt() {
        RequestDeduplicator recent = new RequestDeduplicator();
        ServerCall slow = call("caller", "");
        assertTrue(recent.isNew(slow));
        assertTrue(slow.begin());
        for (int i = 0; i < 10_000; i++) {
            ServerCall quick = call("caller", "");
            assertTrue(recent.isNew(quick));
            quick.settle(answer(1), null);
        }

        assertFalse(recent.isNew(slow));
        assertSame(slow, recent.find("caller", slow.request().id()));
        assertEquals(List.of(), recent.waiting());
        slow.settle(answer(1), null);
        assertNull(recent.find("caller", slow.request().id()));
    }

    @Test
    void whatWaitsKeepsItsOwnBytesAndNotTheFrameInWhichItCame() {
        byte[] frame = new byte[256 * 1024];
        Message params = new Message(frame, 100, 50);
        RpcCodec.Request request =
                new RpcCodec.Request("1", "echo.say", params, "a", "bus:inbox:a", 1_000, "", Map.of());
        ServerCall execution = new ServerCall(method, request, answers, System.nanoTime(), 200);

        execution.detachFromFrame();

        Message kept = Objects.requireNonNull(execution.request().params());
        assertEquals(50, kept.bytes().length);
        assertEquals(params.toString(), kept.toString());
    }

    @Test
    void aServiceMayHaveAnUnlimitedQueue() {
        assertEquals(
                Integer.MAX_VALUE, ServedService.limit(ServiceOptions.defaults().withQueue(Integer.MAX_VALUE)));
    }
}
