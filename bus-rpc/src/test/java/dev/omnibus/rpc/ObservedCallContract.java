package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Outcome;
import dev.omnibus.rpc.Spectator.Seen;
import dev.omnibus.transport.NonBlockingThread;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What observers see of calls, and what they cannot do to them. */
abstract class ObservedCallContract extends CallFixture {

    private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    interface Quick {
        @NonBlocking
        boolean isDirect();

        @Idempotent
        int again();
    }

    private final Spectator atCaller = new Spectator();
    private final Spectator atServer = new Spectator();

    private Bus observed(String name, BusObserver... observers) {
        var builder = Bus.builder(connect()).name(name).prefix(prefix);
        Stream.of(observers).forEach(builder::observer);
        Bus bus = builder.build();
        closeLater(bus);
        return bus;
    }

    private Bus server(BusObserver... observers) {
        Bus bus = observed("a", observers);
        RpcServer.on(bus).serve(Stock.class, new Shelf("a", 3)).ready().join();
        return bus;
    }

    @Test
    void aCallIsObservedByTheThreadThatMakesItAndByTheOneThatServesIt() {
        Bus server = server(atServer);
        Bus caller = observed("caller", atCaller);
        atCaller.added.put("traceparent", TRACE);
        assertEquals(3, RpcClient.on(caller).proxy(Stock.class).left("x"));

        Seen call = atCaller.one(Kind.CALL);
        assertSame(Thread.currentThread(), call.thread);
        assertEquals("stock.left", call.operation.name());
        assertTrue(call.operation.isKnown());
        assertEquals("", call.outcome().reason());
        assertEquals(server.node(), call.outcome().peer());
        assertEquals(1, call.outcome().attempts());
        assertEquals(0, call.outcome().code());

        Seen serve = atServer.one(Kind.SERVE);
        assertEquals("stock.left", serve.operation.name());
        assertEquals(caller.node(), serve.operation.peer());
        assertFalse(serve.operation.id().isEmpty());
        assertEquals(Map.of("traceparent", TRACE), serve.operation.headers());
        assertEquals("", serve.outcome().reason());
        assertEquals(List.of("ended", "left"), serve.steps);
    }

    @Test
    void aFaultIsObservedWithItsCodeOnBothSidesAndInterceptorsHaveItToo() {
        Bus server = server(atServer);
        List<Integer> codes = new CopyOnWriteArrayList<>();
        RpcServer.on(server).intercept((call, next) -> next.proceed().thenAccept(outcome -> codes.add(outcome.code())));
        Bus caller = observed("caller", atCaller);
        RpcClient.on(caller)
                .intercept((method, options, next) ->
                        next.proceed(options).thenAccept(outcome -> codes.add(outcome.code())));
        assertThrows(
                RpcFault.class, () -> RpcClient.on(caller).proxy(Stock.class).fail("fault"));
        for (Outcome outcome : List.of(
                atCaller.one(Kind.CALL).outcome(), atServer.one(Kind.SERVE).outcome())) {
            assertEquals("FAULT", outcome.reason());
            assertEquals(42, outcome.code());
            assertFalse(outcome.isNotExecuted());
        }
        await().until(() -> codes.equals(List.of(42, 42)));
    }

    @Test
    void theOutcomeHasTheHeadersOfObserversAndInterceptorsAlsoIfItComesTooLateToBeSent() {
        Bus server = server();
        Bus caller = observed("caller", atCaller);
        atCaller.added.put("fromobserver", "x");
        RpcClient client = RpcClient.on(caller);
        client.intercept((method, options, next) -> next.proceed(options.withHeader("frominterceptor", "y")));
        Map<String, String> both = Map.of("fromobserver", "x", "frominterceptor", "y");

        client.proxy(Stock.class).left("x");
        assertEquals(both, atCaller.one(Kind.CALL).outcome().headers());

        RpcServer.on(caller)
                .serve("late.outer", params -> {
                    while (!CallContext.current().timeLeft().isNegative()) {
                        Thread.onSpinWait(); // its thread is interrupted when the caller gives it up
                    }
                    return client.call("stock.left", Integer.class, "x");
                })
                .ready()
                .join();
        failure(RpcClient.on(server)
                .call("late.outer", Integer.class, CallOptions.defaults().withTimeout(Duration.ofMillis(200))));
        await().until(() -> atCaller.all(Kind.CALL).size() == 2);
        Outcome late = atCaller.all(Kind.CALL).get(1).outcome();
        assertEquals("TIMEOUT", late.reason());
        assertEquals(0, late.attempts());
        assertEquals(both, late.headers());
    }

    @Test
    void aCallThatIsCancelledWhileItsObserverIsNotifiedOfItsStartEndsOnce() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        server(operation -> {
            started.countDown();
            if (operation.name().equals("stock.left")) {
                await().until(((CallContext) operation)::isCancelled);
            }
            return new BusObserver.Scope() {
                @Override
                public void leave() {
                    seen.add("left");
                }

                @Override
                public void end(Outcome outcome) {
                    seen.add(outcome.reason() + " executed " + !outcome.isNotExecuted());
                }
            };
        });
        Bus caller = bus("caller");
        CompletableFuture<Integer> call = RpcClient.on(caller).call("stock.left", Integer.class, "x");
        started.await();
        call.cancel(true);
        await().until(() -> seen.size() == 2);
        RpcClient.on(caller).call("stock.node", String.class).join(); // and whatever may have come twice is there
        await().until(() -> seen.size() == 4);
        assertEquals(List.of("CANCELLED executed true", "left", " executed true", "left"), seen);
    }

    @Test
    void aCopyStaysAsItWasWhenItsOperationGoesOn() {
        List<String> changed = new CopyOnWriteArrayList<>();
        AtomicInteger ended = new AtomicInteger();
        BusObserver keeper = operation -> {
            BusObserver.Operation kept = operation.copy();
            long elapsed = kept.elapsedNanos();
            String peer = kept.peer();
            return outcome -> {
                if (kept.elapsedNanos() != elapsed || !kept.peer().equals(peer)) {
                    changed.add("the copy of " + kept.kind());
                }
                if (outcome.elapsedNanos() <= elapsed
                        || outcome.elapsedNanos() != outcome.copy().elapsedNanos()) {
                    changed.add("the time of " + kept.kind());
                }
                assertThrows(IllegalStateException.class, () -> kept.header("late", "x"));
                ended.incrementAndGet();
            };
        };
        server(keeper);
        assertEquals(
                3, RpcClient.on(observed("caller", keeper)).proxy(Stock.class).left("x"));
        await().until(() -> ended.get() == 2);
        assertEquals(List.of(), changed);
    }

    @Test
    void aMethodThatNobodyServesIsUnknownAndNotExecuted() {
        Bus caller = observed("caller", atCaller);
        failure(RpcClient.on(caller).call("nobody.serves", Integer.class));
        Seen call = atCaller.one(Kind.CALL);
        assertFalse(call.operation.isKnown());
        assertEquals("NO_SERVER", call.outcome().reason());
        assertTrue(call.outcome().isNotExecuted());
        assertEquals(0, call.outcome().attempts());
        assertEquals("", call.outcome().peer());

        server(atServer);
        await().until(() ->
                RpcClient.on(caller).call("stock.left", Integer.class, "x").get(10, SECONDS) == 3);
        assertTrue(atCaller.all(Kind.CALL).get(1).operation.isKnown(), "in the directory");
    }

    @Test
    void theOutcomeNamesTheNodeThatHadTheCallLastAlsoIfNoOtherOneIsFound() {
        String leaving = "leaving-k3xq7m2v9bca";
        try (PlayedNode node = new PlayedNode(connect(), prefix, leaving)) {
            node.serve(
                    "played",
                    "once",
                    request -> List.of("{\"jsonrpc\":\"2.0\",\"id\":" + request.id() + ",\"meta\":{\"from\":\""
                            + leaving + "\"},\"error\":{\"code\":-32003,\"message\":\"about to leave\"}}"));
            Bus caller = observed("caller", atCaller);
            failure(RpcClient.on(caller).call("played.once", Integer.class));
        }
        Outcome outcome = atCaller.one(Kind.CALL).outcome();
        assertEquals("DRAINING", outcome.reason());
        assertEquals(1, outcome.attempts());
        assertEquals(leaving, outcome.peer());
        assertEquals(leaving, atCaller.one(Kind.CALL).attempts.get(0).peer());
    }

    @Test
    void anAsynchronousMethodLeavesItsThreadBeforeItHasItsOutcome() {
        server(atServer);
        Bus caller = observed("caller", atCaller);
        CompletableFuture<String> call = RpcClient.on(caller).proxy(Stock.class).never();
        Seen serve = atServer.one(Kind.SERVE);
        await().until(() -> serve.steps.equals(List.of("left")));
        assertEquals(List.of("left"), atCaller.one(Kind.CALL).steps);
        never.complete("at last");
        assertEquals("at last", call.join());
        assertEquals("", serve.outcome().reason());
        assertEquals(List.of("left", "ended"), serve.steps);
        assertEquals("", atCaller.one(Kind.CALL).outcome().reason());
    }

    @Test
    void aCallThatIsGivenUpIsObservedAsCancelledOnBothSides() throws Exception {
        server(atServer);
        Bus caller = observed("caller", atCaller);
        CompletableFuture<String> call = RpcClient.on(caller).proxy(Stock.class).never();
        started.await();
        call.cancel(true);
        assertEquals("CANCELLED", atCaller.one(Kind.CALL).outcome().reason());
        Outcome served = atServer.one(Kind.SERVE).outcome();
        assertEquals("CANCELLED", served.reason());
        assertFalse(served.isNotExecuted());
    }

    @Test
    void aCallThatIsRefusedBeforeItIsExecutedIsObservedAndItsRetriesAre() {
        Bus server = observed("a", atServer);
        AtomicInteger runs = new AtomicInteger();
        Quick quick = new Quick() {
            @Override
            public boolean isDirect() {
                return false;
            }

            @Override
            public int again() {
                return runs.incrementAndGet();
            }
        };
        AtomicBoolean refusing = new AtomicBoolean(true);
        RpcServer.on(server)
                .serve(Quick.class, quick, new ServiceOptions(1, 0))
                .ready()
                .join();
        RpcServer.on(server).intercept((call, next) -> {
            if (refusing.get() && call.method().equals("quick.again")) {
                started.countDown();
                try {
                    release.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            next.proceed();
        });
        Bus caller = observed("caller", atCaller);
        RpcClient client = RpcClient.on(caller);
        CallOptions patient = CallOptions.defaults().withTimeout(Duration.ofSeconds(30));
        CompletableFuture<Integer> first = client.call("quick.again", Integer.class, patient);
        await().until(() -> started.getCount() == 0);
        CompletableFuture<Integer> second =
                client.call("quick.again", Integer.class, patient.asIdempotent().withRetries(100));
        await().until(() -> !atCaller.all(Kind.CALL).get(1).attempts.isEmpty());
        refusing.set(false);
        release.countDown();
        first.join();
        second.join();

        Seen retried = atCaller.all(Kind.CALL).get(1);
        assertEquals("OVERLOADED", retried.attempts.get(0).reason());
        assertEquals(-32002, retried.attempts.get(0).code());
        assertTrue(retried.attempts.get(0).isNotExecuted());
        assertEquals(server.node(), retried.attempts.get(0).peer());
        assertEquals("", retried.outcome().reason());
        assertEquals(retried.attempts.size() + 1, retried.outcome().attempts());
        Outcome refused = atServer.all(Kind.SERVE).stream()
                .map(Seen::outcome)
                .filter(outcome -> !outcome.reason().isEmpty())
                .findFirst()
                .orElseThrow();
        assertEquals("OVERLOADED", refused.reason());
        assertEquals(-32002, refused.code());
        assertTrue(refused.isNotExecuted());
    }

    @Test
    void aBroadcastIsObservedAsAWholeWithThoseWhoAreMissing() {
        Bus one = server(atServer);
        Bus other = serving("b", 4);
        Bus caller = observed("caller", atCaller);
        Replies<Integer> replies = RpcClient.on(caller)
                .broadcast(Stock.class, stock -> stock.left("x"))
                .ask();
        assertEquals(2, replies.values().size());
        Outcome complete = atCaller.one(Kind.BROADCAST).outcome();
        assertEquals("stock.left", complete.name());
        assertEquals("", complete.reason());
        assertEquals(2, complete.expected());
        assertEquals(2, complete.answered());
        assertEquals(List.of(), complete.missing());

        Replies<String> none = RpcClient.on(caller)
                .<Stock, String>broadcastStage(Stock.class, Stock::never)
                .with(CallOptions.defaults().withTimeout(Duration.ofMillis(200)))
                .ask();
        assertFalse(none.isComplete());
        Outcome incomplete = atCaller.all(Kind.BROADCAST).get(1).outcome();
        assertEquals("TIMEOUT", incomplete.reason());
        assertEquals(2, incomplete.expected());
        assertEquals(0, incomplete.answered());
        assertEquals(
                Stream.of(one.node(), other.node()).sorted().toList(),
                incomplete.missing().stream().sorted().toList());

        failure(RpcClient.on(caller).broadcast("nobody.serves", Integer.class).askAsync());
        Outcome nobody = atCaller.all(Kind.BROADCAST).get(2).outcome();
        assertEquals("NO_SERVER", nobody.reason());
        assertEquals(0, nobody.expected());
    }

    @Test
    void aNonBlockingMethodStaysOnItsThreadUnderObservers() {
        Bus server = observed("a", atServer);
        Quick quick = new Quick() {
            @Override
            public boolean isDirect() {
                return NonBlockingThread.isCurrent();
            }

            @Override
            public int again() {
                return 1;
            }
        };
        RpcServer.on(server).serve(Quick.class, quick).ready().join();
        assertTrue(RpcClient.on(bus("caller")).proxy(Quick.class).isDirect());
        assertEquals(List.of("ended", "left"), atServer.one(Kind.SERVE).steps);
    }

    @Test
    void aCallThatIsRefusedByAnInterceptorIsObserved() {
        server(atServer);
        Bus caller = observed("caller", atCaller);
        RpcClient.on(caller).intercept((method, options, next) -> {
            throw RpcException.refused("no");
        });
        failure(RpcClient.on(caller).call("stock.left", Integer.class, "x"));
        assertEquals("REFUSED", atCaller.one(Kind.CALL).outcome().reason());
        assertTrue(atCaller.one(Kind.CALL).outcome().isNotExecuted());
        failure(RpcClient.on(caller).broadcast("stock.left", Integer.class, "x").askAsync());
        assertEquals("REFUSED", atCaller.one(Kind.BROADCAST).outcome().reason());
        assertEquals(List.of(), atServer.all(Kind.SERVE));
    }

    @Test
    void aQueuedCallIsObservedWhereItIsEnqueuedAndWhereItIsServed() throws Exception {
        Bus server = observed("a", atServer);
        RpcServer.on(server)
                .serve(Stock.class, new Shelf("a", 3), ServiceOptions.defaults().withQueued())
                .ready()
                .join();
        Bus caller = observed("caller", atCaller);
        atCaller.added.put("traceparent", TRACE);
        Queued<Integer> queued = RpcClient.on(caller).queue(Stock.class).enqueue(stock -> stock.left("x"));
        assertEquals(3, queued.result().get(20, SECONDS));
        assertEquals("stock.left", atCaller.one(Kind.ENQUEUE).operation.name());
        assertEquals("", atCaller.one(Kind.ENQUEUE).outcome().reason());
        Seen serve = atServer.one(Kind.SERVE);
        assertEquals(Map.of("traceparent", TRACE), serve.operation.headers());
        assertEquals("", serve.outcome().reason());
    }

    /** Whatever it is asked, it throws. */
    private static final class Broken implements BusObserver, BusObserver.Scope {

        @Override
        public Scope start(Operation operation) {
            operation.header("not a name", "x");
            return this;
        }

        @Override
        public void leave() {
            throw new LinkageError("on purpose");
        }

        @Override
        public void end(Outcome outcome) {
            throw new StackOverflowError("on purpose");
        }
    }

    private static final class Leaving implements BusObserver {

        @Override
        public Scope start(Operation operation) {
            return new Broken();
        }
    }

    @Test
    void observersThatThrowHarmNoCall() {
        server(new Broken(), new Leaving(), atServer);
        serving("b", 3);
        Bus caller = observed("caller", new Broken(), new Leaving(), atCaller);
        RpcClient client = RpcClient.on(caller);
        for (int i = 0; i < 5; i++) {
            assertEquals(3, client.proxy(Stock.class).left("x"));
        }
        assertEquals(
                2,
                client.broadcast(Stock.class, stock -> stock.left("x"))
                        .ask()
                        .values()
                        .size());
        assertThrows(RpcFault.class, () -> client.proxy(Stock.class).fail("fault"));
        assertEquals(6, atCaller.all(Kind.CALL).size());
        atCaller.all(Kind.CALL).forEach(Seen::outcome);
    }

    @Test
    void theTraceGoesOnFromEventsToCallsAndFromCallsToEventsWithoutATracer() throws Exception {
        Bus server = serving("a", 3);
        List<Map<String, String>> events = new CopyOnWriteArrayList<>();
        List<Map<String, String>> calls = new CopyOnWriteArrayList<>();
        RpcServer.on(server)
                .serve("trace.call", params -> {
                    calls.add(CallContext.current().headers());
                    server.publish("last", 1);
                    return 1;
                })
                .ready()
                .join();
        Bus there = bus("there");
        there.subscribe(
                        "first",
                        Integer.class,
                        event -> RpcClient.on(there)
                                .call("trace.call", Integer.class)
                                .join())
                .ready()
                .join();
        Bus caller = bus("caller");
        caller.subscribe("last", Integer.class, event -> events.add(event.headers()))
                .ready()
                .join();
        Map<String, String> trace = Map.of("traceparent", TRACE, "tracestate", "a=1");
        caller.publish("first", 1, trace);
        await().atMost(20, SECONDS).until(() -> events.size() == 1);
        assertEquals(List.of(trace), calls);
        assertEquals(List.of(trace), events);
    }

    @Test
    void aTraceIsPassedOnToACallThatHasAsManyHeadersAsThereMayBe() {
        Bus server = serving("a", 3);
        List<Integer> headers = new CopyOnWriteArrayList<>();
        RpcServer.on(server)
                .serve("trace.inner", params -> {
                    headers.add(CallContext.current().headers().size());
                    return 1;
                })
                .ready()
                .join();
        CallOptions full = CallOptions.defaults();
        for (int i = 0; i < 32; i++) {
            full = full.withHeader("header" + i, "x".repeat(2_000));
        }
        CallOptions all = full;
        RpcServer.on(server)
                .serve("trace.outer", params -> RpcClient.on(server).call("trace.inner", Integer.class, all))
                .ready()
                .join();
        CallOptions traced = CallOptions.defaults().withHeader("traceparent", TRACE);
        RpcClient.on(bus("caller")).call("trace.outer", Integer.class, traced).join();
        assertEquals(List.of(33), headers);
    }
}
