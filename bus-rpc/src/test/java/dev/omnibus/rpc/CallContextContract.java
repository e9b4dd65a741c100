package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
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
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a served method knows of its call, and how it is told to stop. */
abstract class CallContextContract extends CasesFixture {

    @Test
    void cancellingInterruptsWhatRunsAndNotWhatFollows() {
        Bus server = serving("a", new ServiceOptions(1, 10));
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> running = client.call("cases.block", String.class, within(20_000), "running");
        await().until(() -> notes.contains("started running"));
        CompletableFuture<Void> queued = client.call("cases.nothing", Void.class, within(20_000));
        CompletableFuture<String> next = client.call("cases.block", String.class, within(20_000), "next");

        queued.cancel(true);
        await().until(() -> RpcServer.on(server).stats().cancelled() == 1);
        running.cancel(true);

        await().until(() -> notes.contains("interrupted running true"));
        await().until(() -> notes.contains("started next"));
        release.countDown();
        assertEquals("a", next.join());
        assertEquals(0, executions.get(), "the queued one was cancelled and yet executed");
        assertEquals(0, client.runtime().pending().size());
    }

    /** A method that is interrupted may return sooner than its cancellation is answered. */
    @Test
    void whatAMethodReturnsWhenItIsInterruptedIsNotItsAnswer() {
        Bus server = serving("a", new ServiceOptions(30, 0));
        RpcClient client = RpcClient.on(bus("caller"));
        for (int round = 1; round <= 5; round++) {
            List<CompletableFuture<String>> calls = Stream.generate(
                            () -> client.call("cases.block", String.class, within(60_000), "x"))
                    .limit(30)
                    .toList();
            await().atMost(20, SECONDS)
                    .until(() -> notes.stream().filter("started x"::equals).count() == 30);

            calls.forEach(call -> call.cancel(true));

            await().atMost(20, SECONDS)
                    .until(() ->
                            notes.stream().filter("interrupted x true"::equals).count() == 30);
            RpcServerStats expected = new RpcServerStats(0, 0, 0, 0, 30L * round, 0, 0, 0);
            await().atMost(20, SECONDS)
                    .untilAsserted(
                            () -> assertEquals(expected, RpcServer.on(server).stats()));
            notes.clear();
        }
    }

    @Test
    void whateverEndsTheFutureBeforeTheCallDoesTellsTheNode() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        Map<String, UnaryOperator<CompletableFuture<String>>> ways = Map.of(
                "orTimeout", call -> call.orTimeout(1, MILLISECONDS),
                "completeOnTimeout", call -> call.completeOnTimeout("instead", 1, MILLISECONDS),
                "completeAsync", call -> call.completeAsync(() -> "instead"),
                "complete",
                        call -> {
                            call.complete("instead");
                            return call;
                        },
                "completeExceptionally",
                        call -> {
                            call.completeExceptionally(new IllegalStateException());
                            return call;
                        });

        ways.forEach((name, way) -> {
            CompletableFuture<String> call = client.call("cases.block", String.class, within(60_000), name);
            await().atMost(20, SECONDS).until(() -> notes.contains("started " + name));
            way.apply(call).exceptionally(e -> "failed").join();
            await().atMost(20, SECONDS).until(() -> notes.contains("interrupted " + name + " true"));
        });
        await().atMost(20, SECONDS).until(() -> client.runtime().pending().size() == 0);
        assertEquals(5, client.stats().failed());
    }

    @Test
    void whateverEndsTheFutureOfABroadcastTellsEveryNode() {
        serving("a");
        serving("b");
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions patient = within(60_000);
        Map<String, Function<String, CompletableFuture<?>>> forms = Map.of(
                "byName",
                        name -> client.broadcast("cases.block", String.class, name)
                                .with(patient)
                                .askAsync(),
                "question",
                        name -> client.broadcast("cases.block", String.class, name)
                                .with(patient)
                                .askAsync(),
                "contract",
                        name -> client.broadcast(Cases.class, cases -> cases.block(name))
                                .with(patient)
                                .askAsync(),
                "enough",
                        name -> client.broadcast("cases.block", String.class, name)
                                .with(patient)
                                .until(Until.first(1))
                                .askAsync());

        forms.forEach((name, form) -> {
            CompletableFuture<?> asked = form.apply(name);
            await().atMost(20, SECONDS).until(() -> times("started " + name) == 2);
            assertThrows(CompletionException.class, asked.orTimeout(1, MILLISECONDS)::join);
            await().atMost(20, SECONDS).until(() -> times("interrupted " + name + " true") == 2);
        });
        await().atMost(20, SECONDS).until(() -> client.runtime().pending().size() == 0);
    }

    private long times(String note) {
        return notes.stream().filter(note::equals).count();
    }

    @Test
    void whateverEndsTheFutureOfAContractTellsTheNode() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> later =
                ask(() -> client.proxy(Cases.class, within(60_000)).later("stage"));
        await().atMost(20, SECONDS).until(() -> notes.contains("started stage"));
        later.orTimeout(1, MILLISECONDS).exceptionally(e -> "failed").join();
        await().atMost(20, SECONDS).until(() -> notes.contains("cancelled stage"));
    }

    private static <T> T ask(Callable<T> call) {
        try {
            return call.call();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
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
        await().until(() -> client.runtime().pending().size() == 0);
    }

    @Test
    void aTimeoutIsTellingTheServerToStop() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));

        client.call("cases.add", Integer.class, 1, 2).join(); // all of the time is the call's own
        RpcException e = CallFixture.failure(client.call("cases.block", String.class, within(1_000), "x"));
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

        client.call("cases.add", Integer.class, 1, 2).join(); // all of the time is the call's own
        RpcException e = CallFixture.failure(client.call("outer.ask", String.class, within(1_000)));

        assertTrue(endedWithItsDeadline(e), e::getMessage);
        await().atMost(20, SECONDS).until(() -> notes.contains("interrupted inner true"));
    }

    /** The call within it ends at the same time, and what the method makes of that may be here first. */
    private static boolean endedWithItsDeadline(RpcException e) {
        return e.elapsed().toMillis() < 20_000 && (e.reason() == Reason.TIMEOUT || e.reason() == Reason.FAULT);
    }

    @Test
    void aTraceIsPassedOnToTheCallsWithinACall() {
        String trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        Bus server = bus("a");
        List<String> seen = new CopyOnWriteArrayList<>();
        RpcClient inside = RpcClient.on(server);
        RpcServer.on(server)
                .serve("trace.inner", params -> {
                    seen.add(CallContext.current().headers().toString());
                    return 1;
                })
                .ready()
                .join();
        RpcServer.on(server)
                .serve("trace.outer", params -> {
                    inside.call("trace.inner", Integer.class).join();
                    inside.call("trace.inner", Integer.class, within(5_000).withHeader("traceparent", "own"))
                            .join();
                    inside.broadcast("trace.inner", Integer.class)
                            .with(within(5_000).withHeader("tenant", "t"))
                            .ask();
                    return 1;
                })
                .ready()
                .join();

        CallOptions traced = within(20_000).withHeader("tenant", "north").withHeader("traceparent", trace);
        RpcClient.on(bus("caller")).call("trace.outer", Integer.class, traced).join();

        assertEquals(
                List.of("{traceparent=" + trace + "}", "{traceparent=own}", "{traceparent=" + trace + ", tenant=t}"),
                seen);
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
        await().until(() ->
                Insides.serving(client.runtime().directory().nodes()).size() == 2);

        leaving.close();

        assertEquals("xx", waiting.get(10, SECONDS));
        RpcException e = CallFixture.failure(alone);
        assertTrue(e.notExecuted(), e::getMessage);
        assertEquals(Reason.DRAINING, e.reason());
        assertFalse(CallFixture.failure(running).notExecuted());
    }
}
