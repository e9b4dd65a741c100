package dev.omnibus.rpc.internal.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of those who wait when the inbox was deaf for a while. */
class PendingCallsTest {

    private final Bus bus = Bus.builder(new InMemoryNetwork().open()).build();
    private final PendingCalls pending = new PendingCalls(
            BusRuntime.of(bus),
            new RpcCodec(new ObjectMapper(), "n", "bus:inbox:n"),
            ClientRuntime.of(BusRuntime.of(bus)).queued(),
            () -> {});

    @AfterEach
    void close() {
        bus.close();
    }

    /** Waits for one reply, and says what it got. */
    private class Waiting implements PendingCalls.Entry {

        private final long deadline;
        private final boolean wasSent;
        private final int interruptions = pending.interruptions();
        private final CompletableFuture<String> outcome = new CompletableFuture<>();
        private final long id;

        Waiting(Duration timeout, boolean wasSent) {
            this.deadline = System.nanoTime() + timeout.toNanos();
            this.wasSent = wasSent;
            this.id = pending.add(this, "echo.say");
        }

        void answer() {
            pending.receive("bus:inbox:n", List.of(message(text())), Runnable::run);
        }

        String text() {
            return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"meta\":{\"from\":\"a\"},\"result\":7}";
        }

        /** Waits for the reply. */
        String reply() throws Exception {
            return outcome.get(20, TimeUnit.SECONDS);
        }

        /** Looks as the timer does, until it has ended. */
        String outcome() {
            await().atMost(20, TimeUnit.SECONDS).until(() -> {
                pending.expire();
                return outcome.isDone();
            });
            return outcome.join();
        }

        @Override
        public long deadline() {
            return deadline;
        }

        @Override
        public boolean endsWithOneReply() {
            return true;
        }

        @Override
        public boolean accepts(RpcCodec.Response reply) {
            return true;
        }

        @Override
        public void onReply(RpcCodec.Response reply) {
            outcome.complete(String.valueOf(reply.result()));
        }

        @Override
        public boolean askedBefore(int interruption) {
            return wasSent && interruptions < interruption;
        }

        @Override
        public boolean onLost(String node) {
            return false;
        }

        @Override
        public void onEnd(Reason reason, String why) {
            outcome.complete(reason + ": " + why);
        }
    }

    private static Message message(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        return new Message(bytes, 0, bytes.length);
    }

    @Test
    void anErrorAtOneReplyDoesNotLoseThoseBehindItInTheFrame() throws Exception {
        Waiting broken = new Waiting(Duration.ofMinutes(1), true) {
            @Override
            public boolean accepts(RpcCodec.Response reply) {
                throw new StackOverflowError("once");
            }
        };
        Waiting behind = new Waiting(Duration.ofMinutes(1), true);

        pending.receive("bus:inbox:n", List.of(message(broken.text()), message(behind.text())), Runnable::run);

        assertEquals("7", behind.reply());
    }

    @Test
    void aStepThatThrowsEndsItsCall() {
        ClientRuntime client = ClientRuntime.of(BusRuntime.of(bus));
        RemoteMethod method = client.methods().of("echo.say", String.class, Contract.Traits.NONE);
        Call<String> call = new Call<>(client, method, new byte[0]);
        call.prepare(CallSettings.DEFAULTS, 60_000_000_000L);
        Call<String>.Attempt attempt = call.new Attempt(System.nanoTime() + 60_000_000_000L);
        attempt.register();

        assertThrows(
                StackOverflowError.class,
                () -> attempt.proceed(() -> {
                    throw new StackOverflowError("once");
                }));

        assertTrue(call.future().isCompletedExceptionally(), "nobody else would end it");
        assertEquals(0, client.pending().size());
    }

    @Test
    void aReplyThatComesSoonAfterTheLinkIsBackIsTaken() throws Exception {
        Waiting call = new Waiting(Duration.ofMinutes(1), true);

        pending.interrupted();
        call.answer();

        assertEquals("7", call.reply());
        assertEquals(0, pending.size());
    }

    @Test
    void whatHasNoReplyByThenIsLostAndWhatWasAskedLaterIsNot() throws Exception {
        Waiting before = new Waiting(Duration.ofMinutes(1), true);
        Waiting notSent = new Waiting(Duration.ofMinutes(1), false);
        long interrupted = System.nanoTime();
        pending.interrupted();
        Waiting after = new Waiting(Duration.ofMinutes(1), true);

        assertEquals(
                "CONNECTION_LOST: the connection to Redis was lost while the answer was awaited", before.outcome());

        assertTrue(System.nanoTime() - interrupted >= PendingCalls.GRACE.toNanos());
        assertEquals(2, pending.size());
        after.answer();
        notSent.answer();
        assertEquals("7", after.reply());
        assertEquals("7", notSent.reply());
    }

    @Test
    void everyInterruptionIsLookedAtForItself() {
        Waiting first = new Waiting(Duration.ofMinutes(1), true);
        pending.interrupted();
        Waiting second = new Waiting(Duration.ofMinutes(1), true);
        long again = System.nanoTime();
        pending.interrupted();

        assertTrue(first.outcome().startsWith("CONNECTION_LOST"));
        assertTrue(second.outcome().startsWith("CONNECTION_LOST"));
        assertTrue(System.nanoTime() - again >= PendingCalls.GRACE.toNanos());
        assertEquals(0, pending.size());
    }

    @Test
    void deadlinesAreLookedForAsLongAsAnythingIsAwaited() throws Exception {
        assertFalse(pending.isTicking());
        for (int round = 0; round < 2; round++) {
            Waiting call = new Waiting(Duration.ofMillis(1), true);
            assertTrue(call.reply().startsWith("TIMEOUT"));
            await().atMost(20, TimeUnit.SECONDS).until(() -> !pending.isTicking());
        }
    }

    @Test
    void theDeadlineHoldsMeanwhile() {
        Waiting call = new Waiting(Duration.ofMillis(1), true);
        pending.interrupted();
        await().until(() -> call.deadline - System.nanoTime() < 0);

        pending.expire();

        assertTrue(call.outcome().startsWith("TIMEOUT"), call::outcome);
    }
}
