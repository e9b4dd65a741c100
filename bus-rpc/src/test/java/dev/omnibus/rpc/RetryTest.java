package dev.omnibus.rpc;

import static java.util.Objects.requireNonNull;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.internal.presence.Presence;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.client.ReplyBudget;
import dev.omnibus.rpc.internal.client.RetryBudget;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is tried again, when, how often, and what is not. */
class RetryTest extends PlayedNodes {

    private final List<RpcCodec.Request> heard = new CopyOnWriteArrayList<>();

    private static String overloaded(RpcCodec.Request request, String node, int retryAfter) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + request.id() + ",\"meta\":{\"from\":\"" + node
                + "\"},\"error\":{\"code\":-32002,\"message\":\"busy\",\"data\":{\"retryAfterMs\":" + retryAfter
                + ",\"x\":[]}}}";
    }

    private List<String> note(RpcCodec.Request request, String answer) {
        heard.add(request);
        return answer.isEmpty() ? List.of() : List.of(answer);
    }

    private long asked() {
        return heard.stream()
                .filter(request -> request.method().equals("echo.say"))
                .count();
    }

    @Test
    void anOverloadedNodeIsGivenTheTimeItAsksFor() {
        played(
                "busy",
                request -> note(
                        request, asked() < 2 ? overloaded(request, "busy", 150) : result(request, "busy", "\"done\"")));
        RpcClient client = RpcClient.on(bus("caller"));
        long started = System.nanoTime();

        assertEquals(
                "done",
                client.call("echo.say", String.class, within(20_000).withRetries(3), "x")
                        .join());

        assertEquals(3, asked());
        assertTrue(System.nanoTime() - started >= TimeUnit.MILLISECONDS.toNanos(300));
        assertEquals("", heard.get(0).key(), "only idempotent calls have a key by themselves");
    }

    @Test
    void withoutLeaveNothingIsTriedAgain() {
        played("busy", request -> note(request, overloaded(request, "busy", 1)));
        RpcClient client = RpcClient.on(bus("caller"));

        RpcException e = CallContract.failure(client.call("echo.say", String.class, "x"));
        assertEquals(Reason.OVERLOADED, e.reason());
        assertTrue(String.valueOf(e.getMessage()).matches("Call echo.say on node busy failed after \\d+ ms: busy"));
        assertEquals(1, asked());
    }

    @Test
    void whatMayHaveRunIsTriedAgainOnlyIfItIsIdempotent() {
        played("deaf", request -> note(request, asked() < 3 ? "" : result(request, "deaf", "\"done\"")));
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions options =
                within(30_000).withAttemptTimeout(Duration.ofMillis(300)).withRetries(9);

        RpcException e = CallContract.failure(client.call("echo.say", String.class, options, "x"));
        assertEquals(Reason.TIMEOUT, e.reason());
        assertFalse(e.notExecuted());
        assertTrue(e.elapsed().toMillis() < 20_000, e::getMessage);
        assertEquals(1, asked());

        await().until(() -> heard.size() == 2); // the call, and that it was given up
        heard.clear();
        assertEquals(
                "done",
                client.call("echo.say", String.class, options.asIdempotent(), "x")
                        .join());
        List<RpcCodec.Request> attempts = heard.stream()
                .filter(request -> request.method().equals("echo.say"))
                .toList();
        assertTrue(attempts.size() >= 4, attempts::toString);
        assertEquals(1, attempts.stream().map(RpcCodec.Request::key).distinct().count());
        assertTrue(attempts.get(0).key().matches("~\\d+"), "which cannot be a key of the program's own");
        assertEquals(
                attempts.size(),
                attempts.stream().map(RpcCodec.Request::id).distinct().count());
        assertTrue(attempts.stream().allMatch(request -> request.ttlMillis() <= 300));
        assertEquals(
                attempts.size(),
                heard.size(),
                "an attempt that is repeated at the same node is not cancelled: the next one joins it");
    }

    @Test
    void anAttemptThatMovesToAnotherNodeIsCancelledAtTheFirst() {
        played("deaf", request -> note(request, ""));
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions options = within(60_000)
                .withAttemptTimeout(Duration.ofSeconds(1))
                .withRetries(9)
                .asIdempotent();
        CompletableFuture<String> call = client.call("echo.say", String.class, options, "x");
        await().until(() -> asked() >= 1);
        serving("quick");

        assertEquals("quick", call.join());
        await().until(this::allWereGivenUp);
    }

    @Test
    void theLastAttemptDoesNotSpeakForThoseBeforeIt() {
        Transport dying = played("dying", request -> note(request, ""));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> call =
                client.call("echo.say", String.class, within(20_000).asIdempotent(), "x");
        await().until(() -> asked() == 1);

        say(dying, Presence.LEFT, "dying"); // and nobody else is there

        RpcException e = CallContract.failure(call);
        assertEquals(Reason.NO_SERVER, e.reason());
        assertFalse(e.notExecuted(), "the first attempt was received");
        assertTrue(
                String.valueOf(e.getMessage())
                        .endsWith(
                                "is a server for it running?; whether an attempt before it was executed is not known"),
                e::getMessage);
    }

    @Test
    void retriesAddATenthToAnOverloadAndNoMore() {
        played("busy", request -> note(request, overloaded(request, "busy", 0)));
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions options = within(20_000).withRetries(5);
        int calls = 400;
        long toldWhy = 0;
        for (int i = 0; i < calls; i++) {
            RpcException e = CallContract.failure(client.call("echo.say", String.class, options, "x"));
            toldWhy += String.valueOf(e.getMessage())
                            .endsWith("busy; not tried again, because too many calls of this process were")
                    ? 1
                    : 0;
        }

        int budget = calls / RetryBudget.CALLS_PER_RETRY + RetryBudget.MIN_RETRIES;
        assertTrue(asked() > calls && asked() <= calls + budget, () -> asked() + " requests for " + calls + " calls");
        assertTrue(toldWhy > calls - budget);
        assertEquals(0, client.runtime().pending().size());
    }

    @Test
    void theBudgetForgetsWhatIsLongAgo() {
        RetryBudget budget = new RetryBudget(0);
        for (int i = 0; i < RetryBudget.MIN_RETRIES; i++) {
            assertTrue(budget.tryAcquire());
        }
        assertFalse(budget.tryAcquire());
        budget.tick(TimeUnit.SECONDS.toNanos(11));
        assertFalse(budget.tryAcquire(), "the last window still counts");
        for (int i = 0; i < RetryBudget.CALLS_PER_RETRY; i++) {
            budget.called();
        }
        assertTrue(budget.tryAcquire());
        assertFalse(budget.tryAcquire());
        budget.tick(TimeUnit.SECONDS.toNanos(22));
        budget.tick(TimeUnit.SECONDS.toNanos(33));
        assertTrue(budget.tryAcquire());
    }

    @Test
    void aCallThatIsCancelledDuringThePauseIsNotSentAgain() {
        played("busy", request -> note(request, overloaded(request, "busy", 2_000)));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> call =
                client.call("echo.say", String.class, within(20_000).withRetries(5), "x");
        await().until(() -> asked() >= 1);

        assertTrue(call.cancel(true));

        assertEquals(0, client.runtime().pending().size());
        CompletableFuture<String> other =
                client.call("echo.say", String.class, within(20_000).withRetries(1), "y");
        CallContract.failure(other); // its own pause is as long
        assertEquals(3, asked());
    }

    @Test
    void anIdempotentCallSurvivesItsNode() {
        Transport dying = played("dying", request -> note(request, ""));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> once = client.call("echo.say", String.class, within(20_000), "x");
        CompletableFuture<String> again =
                client.call("echo.say", String.class, within(20_000).asIdempotent(), "x");
        await().until(() -> asked() == 2);
        serving("survivor");

        say(dying, Presence.LEFT, "dying");

        assertEquals(Reason.NODE_LOST, CallContract.failure(once).reason());
        assertEquals("survivor", again.join());
    }

    @Test
    void aCallThatIsLostWithTheLinkIsGivenUpAtItsNode() {
        played("silent", request -> note(request, ""));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> call = client.call("echo.say", String.class, within(60_000), "x");
        await().until(() -> asked() == 1);

        network.down();
        network.up();

        RpcException e = CallContract.failure(call);
        assertEquals(Reason.CONNECTION_LOST, e.reason());
        assertFalse(e.notExecuted());
        await().until(() -> heard.stream().anyMatch(request -> request.method().equals("$/cancelRequest")));
    }

    @Test
    void anIdempotentCallThatIsLostWithTheLinkGoesToTheSameNodeAgain() {
        Map<String, List<String>> nodesByKey = new ConcurrentHashMap<>();
        for (String node : List.of("a", "b")) {
            played(node, request -> {
                List<String> nodes = nodesByKey.computeIfAbsent(request.key(), any -> new CopyOnWriteArrayList<>());
                nodes.add(node);
                return nodes.size() == 1 ? List.of() : List.of(result(request, node, "\"done\""));
            });
        }
        RpcClient client = RpcClient.on(bus("caller"));
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            calls.add(client.call("echo.say", String.class, within(60_000).asIdempotent(), "x"));
        }
        await().until(() -> nodesByKey.size() == 8);

        network.down();
        network.up();

        calls.forEach(call -> assertEquals("done", call.join()));
        nodesByKey.values().forEach(nodes -> assertEquals(List.of(nodes.get(0), nodes.get(0)), nodes));
    }

    @Test
    void everyAttemptThatMayRunIsGivenUpInTheEnd() {
        played("deaf", request -> note(request, ""));
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions options = within(20_000)
                .withAttemptTimeout(Duration.ofMillis(60))
                .withRetries(2)
                .asIdempotent();

        CallContract.failure(client.call("echo.say", String.class, options, "x"));

        await().until(this::allWereGivenUp);
    }

    private boolean allWereGivenUp() {
        Set<String> asked = heard.stream()
                .filter(request -> request.method().equals("echo.say"))
                .map(request -> "{\"id\":" + request.id() + ",\"from\":\"" + request.from() + "\"}")
                .collect(Collectors.toSet());
        Set<String> cancelled = heard.stream()
                .filter(request -> request.method().equals("$/cancelRequest"))
                .map(request -> String.valueOf(request.params()))
                .collect(Collectors.toSet());
        return asked.equals(cancelled);
    }

    @Test
    void optionsThatCannotBeAreRefused() {
        CallOptions options = CallOptions.defaults();
        assertEquals(
                "The timeout is PT0S; it must be between 1 ms and 1 day",
                refusal(() -> options.withTimeout(Duration.ZERO)));
        assertEquals(
                "The attempt timeout is PT24H; it must be between 1 ms and 1 day",
                refusal(() -> options.withAttemptTimeout(Duration.ofDays(1))));
        assertEquals("There cannot be -1 retries; it must be from 0 to 100", refusal(() -> options.withRetries(-1)));
        assertEquals("\"\" is not the id of a node", refusal(() -> options.onNode("")));
        assertEquals(
                "The idempotency key has 0 characters; it must have 1 to 4096",
                refusal(() -> options.withIdempotencyKey("")));
        assertEquals(
                "The idempotency key begins with \"~\", as the keys do that calls get by themselves; begin it with something else",
                refusal(() -> options.withIdempotencyKey("~17")));
        assertEquals(
                "The header name \"a b\" must be 1 to 64 letters, digits, '_', '-' and dots, for instance \"tenant\"",
                refusal(() -> options.withHeader("a b", "c")));
        CallOptions full = options;
        for (int i = 0; i < 32; i++) {
            full = full.withHeader("h" + i, "v");
        }
        CallOptions most = full.withHeader("h0", "again");
        assertEquals("A call can have 32 headers; h is one more", refusal(() -> most.withHeader("h", "v")));
        assertEquals("again", most.headers().get("h0"));
    }

    private static String refusal(Runnable action) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, action::run).getMessage());
    }

    @Test
    void whatIsTriedAgainWaitsForRoomAsTheFirstAttemptDid() {
        played("a", request -> note(request, result(request, "a", "\"done\"")));
        RpcClient client = RpcClient.on(bus("caller"));
        int most = (int) ReplyBudget.MAX_BYTES;
        client.runtime().replyBudget().observed("echo.say", most, true);
        ReplyBudget.Reservation other = client.runtime().replyBudget().reserve("echo.say", 1);
        other.whenRoom(() -> {});
        CallOptions options = within(60_000)
                .withAttemptTimeout(Duration.ofMillis(50))
                .withRetries(100)
                .asIdempotent();

        CompletableFuture<String> call = client.call("echo.say", String.class, options, "x");
        await().until(() -> client.stats().retries() >= 2);
        assertEquals(0, asked(), "nothing is sent for which there is no room");

        other.end();
        assertEquals("done", call.join());
        await().until(() -> client.runtime().replyBudget().expected() == 0);
    }

    @Test
    void whatBecomesKnownToBeLargeWaitsForRoomWhenItIsTriedAgain() {
        AtomicReference<ReplyBudget.@Nullable Reservation> other = new AtomicReference<>();
        RpcClient client = RpcClient.on(bus("caller"));
        played("a", request -> {
            if (asked() > 0) {
                return note(request, result(request, "a", "\"done\""));
            }
            client.runtime().replyBudget().observed("echo.say", (int) ReplyBudget.MAX_BYTES, true);
            other.set(client.runtime().replyBudget().reserve("echo.say", 1));
            requireNonNull(other.get()).whenRoom(() -> {});
            return note(request, overloaded(request, "a", 1));
        });
        CompletableFuture<String> call =
                client.call("echo.say", String.class, within(60_000).withRetries(3), "x");
        await().until(() -> client.stats().retries() == 1);
        await().during(Duration.ofMillis(200)).until(() -> asked() == 1 && !call.isDone());

        requireNonNull(other.get()).end();
        assertEquals("done", call.join());
    }
}
