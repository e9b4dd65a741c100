package dev.omnibus.rpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** The named cases that every implementation of calls has to get right, on every transport. */
abstract class CallCasesContract extends CasesFixture {

    @Test
    void emptyCallsAndOptionalsTravel() {
        serving("a");
        Cases cases = RpcClient.on(bus("caller")).proxy(Cases.class);

        cases.nothing();
        assertEquals(1, executions.get());
        assertEquals(Optional.of("a"), cases.maybe(true));
        assertEquals(Optional.empty(), cases.maybe(false));
        assertEquals(5, cases.add(2, 3));
    }

    @Test
    void aRequestAsLargeAsAMessageMayBeArrivesAndALargerOneIsNotSent() {
        serving("a");
        int limit = 4_096;
        Bus small = opened(
                Bus.builder(connect()).prefix(prefix).maxMessageBytes(limit).build());
        Cases cases = RpcClient.on(small).proxy(Cases.class);

        List<Integer> refused = new ArrayList<>();
        for (int length = limit - 400; length <= limit + 1; length++) {
            String text = "x".repeat(length);
            try {
                assertEquals(length, cases.size(text));
                assertTrue(refused.isEmpty(), () -> text.length() + " passed although less was too large");
            } catch (RpcException e) {
                assertEquals(Reason.REFUSED, e.reason());
                assertTrue(e.notExecuted());
                assertTrue(String.valueOf(e.getMessage()).contains("the limit is " + limit), e::getMessage);
                refused.add(length);
            }
        }
        assertTrue(refused.contains(limit + 1) && !refused.contains(limit - 400), refused::toString);
    }

    @Test
    void aResultThatIsTooLargeIsAFaultAndNothingElseIsHarmed() {
        serving("a");
        Cases cases = RpcClient.on(bus("caller")).proxy(Cases.class);

        assertEquals(900_000, cases.text(900_000).length());
        RpcException e = assertThrows(RpcException.class, () -> cases.text(1024 * 1024));
        assertEquals(Reason.FAULT, e.reason());
        assertTrue(String.valueOf(e.getMessage()).endsWith("the result is too large to be sent"), e::getMessage);
        assertEquals(3, cases.text(3).length());
    }

    @Test
    void aFaultThatIsTooLargeIsAFaultThatSaysSo() {
        String large = "x".repeat(1024 * 1024);
        RpcServer server = RpcServer.on(bus("a"));
        server.serve("large.message", params -> {
                    throw new RpcFault(7, large);
                })
                .ready()
                .join();
        server.serve("large.details", params -> {
                    throw new RpcFault(7, "Large", "no", TextNode.valueOf(large));
                })
                .ready()
                .join();
        RpcClient client = RpcClient.on(bus("caller"));
        for (String method : List.of("large.message", "large.details")) {
            RpcException e = CallContract.failure(client.call(method, String.class));
            assertEquals(Reason.FAULT, e.reason());
            assertTrue(String.valueOf(e.getMessage()).endsWith("the fault is too large to be sent"), e::getMessage);
        }
    }

    @Test
    void aOneWayCallEndsWhenItIsReceivedAndIsNeverAnswered() {
        RpcClient client = RpcClient.on(bus("caller"));
        Cases cases = client.proxy(Cases.class);
        RpcException e = assertThrows(RpcException.class, () -> cases.tell("nobody"));
        assertEquals(Reason.NO_SERVER, e.reason());
        assertTrue(e.notExecuted());

        serving("a");
        cases.tell("one");
        cases.tell("fail");
        client.send("cases.tell", "by name").join();

        await().until(() -> notes.containsAll(List.of("one", "fail", "by name")));
        assertEquals(3, notes.size(), notes::toString);
        assertEquals(0, client.runtime().pending().size());
    }

    @Test
    void unknownServicesAndMethodsHaveNoServer() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));

        for (String unknown : List.of("cases.unknown", "unknown.nothing")) {
            RpcException e = CallFixture.failure(client.call(unknown, String.class, within(60_000)));
            assertEquals(Reason.NO_SERVER, e.reason());
            assertTrue(e.notExecuted());
            assertTrue(
                    String.valueOf(e.getMessage())
                            .matches("Call " + unknown + " failed after \\d+ ms: no node serves it; is a server for it"
                                    + " running\\?"),
                    e::getMessage);
        }
    }

    @Test
    void argumentsThatDoNotFitAreRefusedWithTheReason() {
        String node = serving("a").node();
        RpcClient client = RpcClient.on(bus("caller"));
        String start = "Call cases.add on node " + node + " failed after \\d+ ms: ";

        assertRefused(start + "it takes 2 arguments and got 1", client.call("cases.add", Integer.class, 1));
        assertRefused(start + "it takes 2 arguments and got 3", client.call("cases.add", Integer.class, 1, 2, 3));
        assertRefused(
                start + "argument 2 \\(other\\) of cases.add does not fit int at \\$",
                client.call("cases.add", Integer.class, 1, "two"));
        assertRefused(
                start + "it takes the arguments \\[one, other\\] and got 1 of them",
                client.call("cases.add", Integer.class, NamedParams.of(Map.of("one", 1))));
        assertEquals(
                3,
                client.call("cases.add", Integer.class, NamedParams.of(Map.of("other", 1, "one", 2)))
                        .join());
    }

    private static void assertRefused(String message, CompletableFuture<?> call) {
        RpcException e = CallFixture.failure(call);
        assertEquals(Reason.REFUSED, e.reason());
        assertTrue(e.notExecuted());
        assertTrue(String.valueOf(e.getMessage()).matches(message), e::getMessage);
    }

    @Test
    void declaredExceptionsArriveAsThemselvesAndOthersOnlyAsAnId() {
        String node = serving("a").node();
        RpcClient client = RpcClient.on(bus("caller"));
        Cases cases = client.proxy(Cases.class);

        SoldOut soldOut = assertThrows(SoldOut.class, () -> cases.fail("declared"));
        assertEquals("no more of it", soldOut.getMessage());
        assertEquals("sku-1", soldOut.sku());
        assertEquals(0, soldOut.getLeft());
        CompletionException later = assertThrows(
                CompletionException.class, () -> cases.later("declared").join());
        assertEquals(7, assertInstanceOf(SoldOut.class, later.getCause()).getLeft());

        RpcFault byName = (RpcFault) CallFixture.failure(client.call("cases.fail", String.class, "declared"));
        assertEquals("SoldOut", byName.type());
        assertEquals("{\"sku\":\"sku-1\",\"left\":0}", byName.details().toString());
        assertEquals(node, byName.node());

        for (String how : List.of("jdk", "unchecked", "error", "overflow")) {
            RpcException e = assertThrows(RpcException.class, () -> cases.fail(how));
            assertEquals(Reason.FAULT, e.reason());
            assertFalse(e.notExecuted());
            assertTrue(
                    String.valueOf(e.getMessage())
                            .matches("Call cases.fail on node " + node
                                    + " failed after \\d+ ms: internal error, id [0-9a-f-]{36} in the server's log"),
                    e::getMessage);
        }
        cases.nothing();
    }

    @Test
    void aFaultArrivesWithAllThatItsAuthorSaid() {
        Bus server = bus("a");
        RpcServer.on(server)
                .serve("shop.buy", params -> {
                    throw new RpcFault(
                            409,
                            "sold-out",
                            "none left",
                            JsonNodeFactory.instance.objectNode().put("left", 0));
                })
                .ready()
                .join();
        RpcServer.on(server)
                .serve("shop.sell", params -> {
                    throw new RpcFault(400, "no");
                })
                .ready()
                .join();
        RpcClient client = RpcClient.on(bus("caller"));

        RpcFault fault = (RpcFault) CallFixture.failure(client.call("shop.buy", String.class));
        assertEquals(
                "409 sold-out none left {\"left\":0}",
                fault.code() + " " + fault.type() + " " + fault.getMessage() + " " + fault.details());
        RpcFault bare = (RpcFault) CallFixture.failure(client.call("shop.sell", String.class));
        assertEquals(MissingNode.getInstance(), bare.details());
        assertEquals("", bare.type());
    }

    @Test
    void aDeadlineOfAMillisecondEndsTheCallInOneWayOrTheOther() throws Exception {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        List<CompletableFuture<Integer>> calls = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            calls.add(client.call("cases.add", Integer.class, within(1), 1, 2));
        }
        for (CompletableFuture<Integer> call : calls) {
            try {
                assertEquals(3, call.get(5, SECONDS));
            } catch (ExecutionException e) {
                assertEquals(
                        Reason.TIMEOUT,
                        assertInstanceOf(RpcException.class, e.getCause()).reason());
            }
        }
        assertEquals(0, client.runtime().pending().size());
    }

    @Test
    void aCallWhoseDeadlinePassesInTheQueueIsNotExecuted() {
        serving("a", new ServiceOptions(1, 10));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> first = client.call("cases.block", String.class, within(20_000), "first");
        await().until(() -> notes.contains("started first"));

        RpcException e = CallFixture.failure(client.call("cases.nothing", Void.class, within(100)));
        assertEquals(Reason.TIMEOUT, e.reason());
        assertTrue(
                String.valueOf(e.getMessage())
                        .endsWith("no answer came within the timeout; whether it was executed is not known"),
                e::getMessage);
        // the node counts from when the request arrived; so it has passed there, too, when this later one has ended
        // here
        assertEquals(
                Reason.TIMEOUT,
                CallFixture.failure(client.call("cases.add", Integer.class, within(1_000), 1, 2))
                        .reason());
        release.countDown();

        assertEquals("a", first.join());
        assertEquals(3, client.call("cases.add", Integer.class, 1, 2).join()); // behind it in the queue
        assertEquals(0, executions.get());
    }

    @Test
    void theContractsTimeoutHoldsUnlessTheCallerSaysOtherwise() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));

        RpcException e =
                assertThrows(RpcException.class, () -> client.proxy(Cases.class).timed("contract"));
        assertEquals(Reason.TIMEOUT, e.reason());
        assertTrue(e.elapsed().toMillis() < 4_500, e::getMessage);
        CompletableFuture<String> patient = CompletableFuture.supplyAsync(
                () -> client.proxy(Cases.class, within(20_000)).timed("caller"));
        await().until(() -> notes.contains("started caller"));
        release.countDown();
        assertEquals("a", patient.join());
    }

    @Test
    void forgedRepliesAreDropped() {
        serving("a");
        Bus caller = bus("caller");
        RpcClient client = RpcClient.on(caller);
        CompletableFuture<String> call = client.call("cases.block", String.class, within(20_000), "x");
        await().until(() -> notes.contains("started x"));
        Transport forger = opened(connect());
        String inbox = BusRuntime.of(caller).channels().names().inbox(caller.node());
        for (int id = 0; id < 10; id++) {
            PlayedNodes.publish(
                    forger,
                    inbox,
                    "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"meta\":{\"from\":\"forger\"},\"result\":\"f\"}");
            PlayedNodes.publish(forger, inbox, "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":\"f\"}");
        }
        PlayedNodes.publish(forger, inbox, new String("not json".getBytes(UTF_8), UTF_8));
        assertEquals(3, client.call("cases.add", Integer.class, 1, 2).join()); // its reply comes behind the forged ones
        assertFalse(call.isDone());

        release.countDown();
        assertEquals("a", call.join());
    }

    @Test
    void nonBlockingMethodsRunOnTheConnectionsThreadUnlessInterceptorsAreAsked() {
        Bus server = bus("a");
        RpcServer.on(server).serve(Cases.class, new Everything("a")).ready().join();
        Cases cases = RpcClient.on(bus("caller")).proxy(Cases.class);
        assertTrue(cases.quick("x").contains("io"), cases.quick("x"));

        RpcServer.on(server).intercept((call, next) -> next.proceed());
        assertFalse(cases.quick("x").contains("io"), cases.quick("x"));
    }

    @Test
    void whatHangsOnACallRunsOnTheExecutor() throws Exception {
        serving("a");
        CompletableFuture<String> call = RpcClient.on(bus("caller")).call("cases.block", String.class, "x");
        CompletableFuture<String> thread =
                call.thenApply(node -> node + " " + Thread.currentThread().getName());
        release.countDown();
        String told = thread.get(20, SECONDS);
        assertTrue(told.startsWith("a omnibus-") && !told.contains("io"), told);
    }

    @Test
    void aBusThatANonBlockingMethodClosesEndsBehindIt() {
        Bus server = bus("a");
        RpcServer.on(server).serve(Closer.class, () -> closed(server)).ready().join();
        assertEquals("closed", RpcClient.on(bus("caller")).proxy(Closer.class).close());
        await().atMost(Duration.ofSeconds(20)).until(() -> server.state() == BusState.CLOSED);
    }

    interface Closer {
        @NonBlocking
        String close();
    }

    private static String closed(Bus bus) {
        bus.close();
        return "closed";
    }

    @Test
    void nonBlockingMethodsAreAnsweredAndTheirFailuresContained() {
        serving("a");
        Cases cases = RpcClient.on(bus("caller")).proxy(Cases.class);

        assertTrue(cases.quick("x").startsWith("omnibus-"), cases.quick("x"));
        RpcException e = assertThrows(RpcException.class, () -> cases.quick("fail"));
        assertEquals(Reason.FAULT, e.reason());
        assertFalse(String.valueOf(e.getMessage()).contains("secret"), e::getMessage);
        assertTrue(cases.quick("x").startsWith("omnibus-"));
    }
}
