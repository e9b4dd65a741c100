package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** What a served method knows of its call, how it is told to stop, and who stands before it. */
abstract class CallContextContract extends CasesFixture {

    @Test
    void cancellingInterruptsWhatRunsAndNotWhatFollows() {
        serving("a", new ServiceOptions(1, 10));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> running = client.call("cases.block", String.class, within(20_000), "running");
        await().until(() -> notes.contains("started running"));
        CompletableFuture<Void> queued = client.call("cases.nothing", Void.class, within(20_000));
        CompletableFuture<String> next = client.call("cases.block", String.class, within(20_000), "next");

        queued.cancel(true);
        client.call("cases.unknown", String.class).exceptionally(e -> "").join();
        running.cancel(true);

        await().until(() -> notes.contains("interrupted running true"));
        await().until(() -> notes.contains("started next"));
        release.countDown();
        assertEquals("a", next.join());
        assertEquals(0, executions.get(), "the queued one was cancelled and yet executed");
        assertEquals(0, client.pending().size());
    }

    @Test
    void aCallThatIsCancelledBeforeItIsSentIsNotSent() {
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<Void> call = client.call("cases.nothing", Void.class);
        boolean inTime = call.cancel(true); // else the directory was read already, and nobody serves it
        serving("a");
        client.call("cases.add", Integer.class, 1, 1).exceptionally(e -> 0).join();

        assertTrue(call.isCompletedExceptionally());
        assertEquals(inTime, call.isCancelled());
        assertEquals(0, executions.get());
        await().until(() -> client.pending().size() == 0);
    }

    @Test
    void aTimeoutIsTellingTheServerToStop() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));

        RpcException e = CallFixture.failure(client.call("cases.block", String.class, within(300), "x"));
        assertEquals(Reason.TIMEOUT, e.reason());
        await().until(() -> notes.contains("interrupted x true"));
    }

    @Test
    void aStageIsToldOfTheEndOfItsCall() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> call = client.call("cases.later", String.class, within(20_000), "x");
        await().until(() -> notes.contains("started x"));

        call.cancel(true);

        await().until(() -> notes.contains("cancelled x"));
    }

    @Test
    void aServerLearnsThatNobodyGotItsAnswer() {
        Bus server = serving("a");
        Transport link = connect();
        Bus caller = opened(Bus.builder(link)
                .prefix(prefix)
                .drainTimeout(Duration.ofMillis(10))
                .build());
        RpcClient.on(caller).call("cases.later", String.class, within(20_000), "x");
        await().until(() -> notes.contains("started x"));
        assertEquals(0, RpcServer.on(server).callersGone());

        link.close(); // as if the process were killed
        later.complete("too late");

        await().until(() -> notes.contains("gone x"));
        assertEquals(1, RpcServer.on(server).callersGone());
    }

    @Test
    void aMethodKnowsItsCallerItsHeadersAndTheTimeThatIsLeft() {
        List<String> seen = new CopyOnWriteArrayList<>();
        Bus server = bus("a");
        RpcServer.on(server)
                .serve("shop.look", params -> {
                    CallContext context = CallContext.current();
                    seen.add(context.caller() + " " + context.method() + " " + context.headers());
                    return context.timeLeft().toMillis();
                })
                .ready()
                .join();
        Bus caller = bus("caller");
        CallOptions options = within(3_000).withHeader("tenant", "a \"b\"\n").withHeader("x-2", "ü");

        long left = RpcClient.on(caller).call("shop.look", Long.class, options).join();

        assertEquals(List.of(caller.node() + " shop.look {tenant=a \"b\"\n, x-2=ü}"), seen);
        assertTrue(left > 0 && left <= 3_000, () -> left + " ms");
        assertThrows(IllegalStateException.class, CallContext::current);
    }

    @Test
    void aCallWithinACallEndsByTheDeadlineOfTheFirst() {
        Bus server = serving("a");
        RpcServer.on(server)
                .serve(
                        "outer.ask",
                        params -> RpcClient.on(server)
                                .proxy(Cases.class, within(60_000))
                                .block("inner"))
                .ready()
                .join();
        RpcClient client = RpcClient.on(bus("caller"));

        RpcException e = CallFixture.failure(client.call("outer.ask", String.class, within(400)));

        assertEquals(Reason.TIMEOUT, e.reason());
        await().atMost(5, SECONDS).until(() -> notes.contains("interrupted inner true"));
    }

    /** Lets those in who say who they are. */
    private static final class Door implements ServerInterceptor {

        private final List<CallOutcome> outcomes = new CopyOnWriteArrayList<>();

        @Override
        public void before(CallContext call) {
            switch (call.headers().getOrDefault("user", "")) {
                case "anna" -> {}
                case "broken" -> throw new IllegalStateException("secret");
                default -> throw RpcException.refused("say who you are, in the header \"user\"");
            }
        }

        @Override
        public void after(CallOutcome outcome) {
            outcomes.add(outcome);
            throw new IllegalStateException("this must not matter");
        }
    }

    @Test
    void interceptorsOfAServerSeeEveryCallAndMayRefuseIt() {
        Bus server = serving("a");
        Door door = new Door();
        RpcServer.on(server).intercept(door);
        Bus callersBus = bus("caller");
        RpcClient client = RpcClient.on(callersBus);

        RpcException unknown = CallFixture.failure(client.call("cases.nothing", Void.class));
        assertEquals(Reason.REFUSED, unknown.reason());
        assertTrue(unknown.notExecuted());
        assertTrue(
                String.valueOf(unknown.getMessage()).endsWith(": say who you are, in the header \"user\""),
                unknown::getMessage);
        await().until(() -> door.outcomes.size() == 1); // told beside the reply, not before it
        RpcException broken = CallFixture.failure(
                client.call("cases.nothing", Void.class, CallOptions.defaults().withHeader("user", "broken")));
        assertEquals(Reason.REFUSED, broken.reason());
        assertTrue(
                String.valueOf(broken.getMessage())
                        .matches(".*: internal error, id [0-9a-f-]{36} in the server's log; it was not executed"),
                broken::getMessage);
        assertEquals(0, executions.get());
        await().until(() -> door.outcomes.size() == 2);
        client.call("cases.nothing", Void.class, CallOptions.defaults().withHeader("user", "anna"))
                .join();
        await().until(() -> door.outcomes.size() == 3);
        CallFixture.failure(client.call(
                "cases.fail", String.class, CallOptions.defaults().withHeader("user", "anna"), "unchecked"));

        assertEquals(1, executions.get());
        await().until(() -> door.outcomes.size() == 4);
        assertEquals(
                List.of(
                        Optional.of(Reason.REFUSED),
                        Optional.of(Reason.REFUSED),
                        Optional.empty(),
                        Optional.of(Reason.FAULT)),
                door.outcomes.stream().map(CallOutcome::failure).toList());
        assertEquals(callersBus.node(), door.outcomes.get(2).node());
        assertEquals(Map.of("user", "anna"), door.outcomes.get(2).headers());
    }

    @Test
    void interceptorsOfAClientAddHeadersCountAndRefuse() {
        Bus server = serving("a");
        RpcServer.on(server).intercept(new Door());
        RpcClient client = RpcClient.on(bus("caller"));
        List<CallOutcome> outcomes = new CopyOnWriteArrayList<>();
        client.intercept(new ClientInterceptor() {
            @Override
            public CallOptions before(String method, CallOptions options) {
                if (method.equals("cases.text")) {
                    throw RpcException.refused("not from here");
                }
                return options.withHeader("user", "anna");
            }

            @Override
            public void after(CallOutcome outcome) {
                outcomes.add(outcome);
            }
        });

        assertEquals(3, client.proxy(Cases.class).add(1, 2));
        CallFixture.failure(client.call("cases.unknown", String.class));
        RpcException refused = CallFixture.failure(client.call("cases.text", String.class, 1));

        assertEquals(Reason.REFUSED, refused.reason());
        assertTrue(refused.notExecuted());
        assertTrue(String.valueOf(refused.getMessage()).endsWith(": not from here"), refused::getMessage);
        await().until(() -> outcomes.size() == 2);
        assertEquals("cases.add", outcomes.get(0).method());
        assertEquals(server.node(), outcomes.get(0).node());
        assertEquals(Optional.empty(), outcomes.get(0).failure());
        assertEquals(Map.of("user", "anna"), outcomes.get(0).headers());
        assertEquals(Optional.of(Reason.NO_SERVER), outcomes.get(1).failure());
    }

    @Test
    void interceptorsAndHeadersAreThereForBroadcastsToo() {
        Bus server = serving("a");
        RpcServer.on(server).intercept(new Door());
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions anna = within(5_000).withHeader("user", "anna");

        Replies<Integer> answered =
                client.broadcast("cases.add", Integer.class, anna, 1, 2).join();
        assertEquals(List.of(3), answered.values());
        Replies<Integer> refused = client.broadcast("cases.add", Integer.class, within(5_000), 1, 2)
                .join();
        RpcException e = refused.faults().values().iterator().next();
        assertEquals(Reason.REFUSED, e.reason());

        client.intercept(new ClientInterceptor() {
            @Override
            public CallOptions before(String method, CallOptions options) {
                throw RpcException.refused("not from here");
            }
        });
        RpcException here = CallFixture.failure(client.broadcast("cases.add", Integer.class, anna, 1, 2));
        assertEquals(Reason.REFUSED, here.reason());
    }

    @Test
    void whatIsNotStartedWhenTheTimeToDrainIsOverGoesToAnotherNode() throws Exception {
        Bus leaving = bus("leaving", Duration.ofMillis(300));
        serving(leaving, "leaving", new ServiceOptions(1, 10));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> running = client.call("cases.block", String.class, within(20_000), "running");
        await().until(() -> notes.contains("started running"));
        CompletableFuture<String> waiting = client.call("cases.text", String.class, within(20_000), 2);
        CompletableFuture<Integer> alone =
                client.call("cases.add", Integer.class, within(20_000).onNode(leaving.node()), 1, 2);
        serving("staying");
        await().until(() -> client.directory().nodes().join().size() == 2);

        leaving.close();

        assertEquals("xx", waiting.get(10, SECONDS));
        RpcException e = CallFixture.failure(alone);
        assertTrue(e.notExecuted(), e::getMessage);
        assertEquals(Reason.DRAINING, e.reason());
        assertFalse(CallFixture.failure(running).notExecuted());
    }
}
