package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What wraps calls, on both sides. */
abstract class InterceptorContract extends CasesFixture {

    @Test
    void aCallOfAnInterceptorEndsByTheDeadlineOfTheCallThatItStandsBefore() {
        Bus server = serving("a");
        RpcServer.on(server).intercept((call, next) -> {
            if (call.method().equals("cases.nothing")) {
                notes.add("before " + CallContext.current().method());
                RpcClient.on(server).proxy(Cases.class, within(60_000)).block("door");
            }
            next.proceed();
        });
        RpcClient client = RpcClient.on(bus("caller"));

        client.call("cases.add", Integer.class, 1, 2).join(); // all of the time is the call's own
        RpcException e = CallFixture.failure(client.call("cases.nothing", Void.class, within(5_000)));

        assertTrue(e.elapsed().toMillis() < 20_000, e::getMessage);
        await().atMost(20, SECONDS).until(() -> notes.contains("interrupted door true"));
        assertTrue(notes.contains("before cases.nothing"), notes::toString);
        assertEquals(0, executions.get());
    }

    @Test
    void theTimeOfACallBeginsBehindTheInterceptorsOfItsClient() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        client.intercept((method, options, next) -> {
            await().pollDelay(options.timeout().plusMillis(100)).until(() -> true);
            next.proceed(options);
        });
        assertEquals(
                3, client.call("cases.add", Integer.class, within(2_000), 1, 2).join());
    }

    @Test
    void behindAnInterceptorANonBlockingMethodIsServedLikeAnyOther() throws InterruptedException {
        Bus server = serving("a", new ServiceOptions(4, 4));
        CountDownLatch inside = new CountDownLatch(4);
        RpcServer.on(server).intercept((call, next) -> {
            inside.countDown();
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            next.proceed();
        });
        RpcClient client = RpcClient.on(bus("caller"));
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            calls.add(client.call("cases.quick", String.class, within(60_000), "x"));
        }
        assertTrue(inside.await(20, SECONDS), "four of them at a time");
        await().atMost(20, SECONDS)
                .until(() -> calls.stream().filter(CompletableFuture::isDone).count() == 32);
        release.countDown();

        List<String> outcomes = calls.stream()
                .map(call -> call.handle((value, failure) -> failure == null
                                ? "value"
                                : RpcFailures.reasonOf(failure)
                                        .map(Reason::name)
                                        .orElse(""))
                        .join())
                .toList();
        assertEquals(8, outcomes.stream().filter("value"::equals).count());
        assertEquals(32, outcomes.stream().filter("OVERLOADED"::equals).count());
    }

    /** Lets those in who say who they are. */
    private static final class Door implements ServerInterceptor {

        private final List<CallOutcome> outcomes = new CopyOnWriteArrayList<>();

        @Override
        public void intercept(CallContext call, Next next) {
            switch (call.headers().getOrDefault("user", "")) {
                case "anna" -> {}
                case "broken" -> throw new IllegalStateException("secret");
                default -> throw RpcException.refused("say who you are, in the header \"user\"");
            }
            next.proceed().thenAccept(outcomes::add);
            throw new IllegalStateException("this must not matter");
        }
    }

    @Test
    void interceptorsOfAServerSeeEveryCallAndMayRefuseIt() {
        Bus server = serving("a");
        List<CallOutcome> outcomes = new CopyOnWriteArrayList<>();
        RpcServer.on(server).intercept((call, next) -> next.proceed().thenAccept(outcomes::add));
        Door door = new Door();
        RpcServer.on(server).intercept(door);
        Bus callersBus = bus("caller");
        RpcClient client = RpcClient.on(callersBus);

        RpcException unknown = CallFixture.failure(client.call("cases.nothing", Void.class));
        await().until(() -> outcomes.size() == 1); // told beside the reply, not before it
        assertEquals(Reason.REFUSED, unknown.reason());
        assertTrue(unknown.notExecuted());
        assertTrue(
                String.valueOf(unknown.getMessage()).endsWith(": say who you are, in the header \"user\""),
                unknown::getMessage);
        RpcException broken = CallFixture.failure(
                client.call("cases.nothing", Void.class, CallOptions.defaults().withHeader("user", "broken")));
        await().until(() -> outcomes.size() == 2);
        assertEquals(Reason.REFUSED, broken.reason());
        assertTrue(
                String.valueOf(broken.getMessage())
                        .matches(".*: internal error, id [0-9a-f-]{36} in the server's log; it was not executed"),
                broken::getMessage);
        assertEquals(0, executions.get());
        client.call("cases.nothing", Void.class, CallOptions.defaults().withHeader("user", "anna"))
                .join();
        await().until(() -> outcomes.size() == 3);
        CallFixture.failure(client.call(
                "cases.fail", String.class, CallOptions.defaults().withHeader("user", "anna"), "unchecked"));

        assertEquals(1, executions.get());
        await().until(() -> outcomes.size() == 4);
        assertEquals(
                List.of(
                        Optional.of(Reason.REFUSED),
                        Optional.of(Reason.REFUSED),
                        Optional.empty(),
                        Optional.of(Reason.FAULT)),
                outcomes.stream().map(CallOutcome::failure).toList());
        assertEquals(outcomes.subList(2, 4), door.outcomes, "who refuses is not told");
        assertEquals(callersBus.node(), outcomes.get(2).node());
        assertEquals(Map.of("user", "anna"), outcomes.get(2).headers());
    }

    @Test
    void whatACallOfAnInterceptorWasToldStaysThere() {
        Bus server = serving("a");
        RpcServer.on(server).intercept((call, next) -> {
            if (call.method().equals("cases.nothing")) {
                throw CallFixture.failure(RpcClient.on(server).call("cases.add", Integer.class, 1));
            }
            next.proceed();
        });

        RpcException e = CallFixture.failure(RpcClient.on(bus("caller")).call("cases.nothing", Void.class));

        assertEquals(Reason.REFUSED, e.reason());
        assertTrue(
                String.valueOf(e.getMessage())
                        .matches(".*: internal error, id [0-9a-f-]{36} in the server's log; it was not executed"),
                e::getMessage);
    }

    @Test
    void interceptorsOfAClientAddHeadersCountAndRefuse() {
        Bus server = serving("a");
        RpcServer.on(server).intercept(new Door());
        RpcClient client = RpcClient.on(bus("caller"));
        List<CallOutcome> outcomes = new CopyOnWriteArrayList<>();
        client.intercept((method, options, next) -> next.proceed(options).thenAccept(outcomes::add));
        client.intercept((method, options, next) -> {
            if (method.equals("cases.text")) {
                throw RpcException.refused("not from here");
            }
            next.proceed(options.withHeader("user", "anna"));
            throw new IllegalStateException("this must not matter");
        });

        assertEquals(3, client.proxy(Cases.class).add(1, 2));
        assertEquals(1, outcomes.size(), "told before the caller goes on");
        CallFixture.failure(client.call("cases.unknown", String.class));
        assertEquals(2, outcomes.size());
        RpcException refused = CallFixture.failure(client.call("cases.text", String.class, 1));

        assertEquals(Reason.REFUSED, refused.reason());
        assertTrue(refused.notExecuted());
        assertTrue(String.valueOf(refused.getMessage()).endsWith(": not from here"), refused::getMessage);
        assertEquals(3, outcomes.size());
        assertEquals("cases.add", outcomes.get(0).method());
        assertEquals(server.node(), outcomes.get(0).node());
        assertEquals(Optional.empty(), outcomes.get(0).failure());
        assertEquals(Map.of("user", "anna"), outcomes.get(0).headers());
        assertEquals(Optional.of(Reason.NO_SERVER), outcomes.get(1).failure());
        assertEquals(Optional.of(Reason.REFUSED), outcomes.get(2).failure(), "also what was never sent");
    }

    @Test
    void interceptorsAndHeadersAreThereForBroadcastsToo() {
        Bus server = serving("a");
        RpcServer.on(server).intercept(new Door());
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions anna = within(20_000).withHeader("user", "anna");
        List<CallOutcome> outcomes = new CopyOnWriteArrayList<>();
        client.intercept((method, options, next) -> next.proceed(options).thenAccept(outcomes::add));

        Replies<Integer> answered =
                client.broadcast("cases.add", Integer.class, 1, 2).with(anna).ask();
        assertEquals(List.of(3), answered.values());
        await().until(() -> outcomes.size() == 1);
        Replies<Integer> refused = client.broadcast("cases.add", Integer.class, 1, 2)
                .with(within(20_000))
                .ask();
        RpcException e = refused.faults().values().iterator().next();
        assertEquals(Reason.REFUSED, e.reason());
        await().until(() -> outcomes.size() == 2);

        client.intercept((method, options, next) -> {
            throw RpcException.refused("not from here");
        });
        RpcException here = CallFixture.failure(
                client.broadcast("cases.add", Integer.class, 1, 2).with(anna).askAsync());
        assertEquals(Reason.REFUSED, here.reason());
        await().until(() -> outcomes.size() == 3);
        assertEquals(
                List.of(Optional.empty(), Optional.of(Reason.REFUSED), Optional.of(Reason.REFUSED)),
                outcomes.stream().map(CallOutcome::failure).toList());
        assertEquals("", outcomes.get(0).node(), "it is told once, of all nodes");
        assertEquals(Map.of("user", "anna"), outcomes.get(0).headers());
    }

    @Test
    void anInterceptorOfAServerWrapsTheMethodOnItsThread() {
        Bus server = serving("a");
        ThreadLocal<String> bound = ThreadLocal.withInitial(() -> "nothing");
        for (String name : List.of("outer", "inner")) {
            RpcServer.on(server).intercept((call, next) -> {
                String before = bound.get();
                bound.set(before + " " + name);
                try {
                    next.proceed().thenAccept(outcome -> notes.add(name + " is told"));
                    notes.add(name + " ends");
                } finally {
                    bound.set(before);
                }
            });
        }
        RpcServer.on(server)
                .serve("own.bound", params -> {
                    notes.add("the method runs");
                    return bound.get();
                })
                .ready()
                .join();

        assertEquals(
                "nothing outer inner",
                RpcClient.on(bus("caller"))
                        .call("own.bound", String.class, within(20_000))
                        .join());

        await().until(() -> notes.size() == 5);
        assertEquals(List.of("the method runs", "inner is told", "inner ends", "outer is told", "outer ends"), notes);
    }

    @Test
    void theOutcomeOfAMethodThatGivesAStageComesWithItsAnswer() {
        Bus server = serving("a");
        List<CallOutcome> outcomes = new CopyOnWriteArrayList<>();
        RpcServer.on(server).intercept((call, next) -> {
            next.proceed().thenAccept(outcomes::add);
            notes.add("ends " + outcomes.size());
        });
        CompletableFuture<String> call =
                RpcClient.on(bus("caller")).call("cases.later", String.class, within(20_000), "x");
        await().until(() -> notes.contains("ends 0"));

        later.complete("value");

        assertEquals("value", call.join());
        await().until(() -> outcomes.size() == 1);
        assertEquals(Optional.empty(), outcomes.get(0).failure());
    }

    @Test
    void whatIsNotExecutedIsSeenByTheNumbersAlone() {
        Bus server = serving("a", new ServiceOptions(1, 0));
        List<String> seen = new CopyOnWriteArrayList<>();
        RpcServer.on(server).intercept((call, next) -> {
            seen.add(call.method());
            next.proceed();
        });
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> running = client.call("cases.block", String.class, within(20_000), "x");
        await().until(() -> notes.contains("started x"));

        RpcException e = CallFixture.failure(client.call("cases.nothing", Void.class, within(20_000)));
        release.countDown();

        assertEquals(Reason.OVERLOADED, e.reason());
        assertEquals("a", running.join());
        assertEquals(List.of("cases.block"), seen);
        assertEquals(1, RpcServer.on(server).stats().overloaded());
    }

    @Test
    void whoeverDoesNotProceedRefuses() {
        Bus server = serving("a");
        RpcServer.on(server).intercept((call, next) -> {
            if (!call.method().equals("cases.nothing")) {
                next.proceed();
            }
        });
        RpcClient client = RpcClient.on(bus("caller"));

        RpcException there = CallFixture.failure(client.call("cases.nothing", Void.class, within(20_000)));
        assertEquals(Reason.REFUSED, there.reason());
        assertTrue(
                String.valueOf(there.getMessage())
                        .endsWith(": an interceptor did not proceed with it; it was not executed"),
                there::getMessage);
        assertEquals(0, executions.get());

        client.intercept((method, options, next) -> {});
        RpcException here = CallFixture.failure(client.call("cases.add", Integer.class, 1, 2));
        assertEquals(Reason.REFUSED, here.reason());
        assertTrue(
                String.valueOf(here.getMessage()).matches(".*: the interceptor \\S+ did not proceed with it"),
                here::getMessage);
        assertTrue(here.notExecuted());
    }

    @Test
    void aCallProceedsOnceAndOnItsThread() throws Exception {
        Bus server = serving("a");
        List<ServerInterceptor.Next> kept = new CopyOnWriteArrayList<>();
        CompletableFuture<IllegalStateException> twice = new CompletableFuture<>();
        CompletableFuture<IllegalStateException> elsewhere = new CompletableFuture<>();
        RpcServer.on(server).intercept((call, next) -> {
            kept.add(next);
            elsewhere.complete(
                    CompletableFuture.supplyAsync(() -> assertThrows(IllegalStateException.class, next::proceed))
                            .join());
            next.proceed();
            twice.complete(assertThrows(IllegalStateException.class, next::proceed));
        });
        RpcClient client = RpcClient.on(bus("caller"));

        client.call("cases.nothing", Void.class, within(20_000)).join();

        String sentence = String.valueOf(twice.get(20, SECONDS).getMessage());
        assertTrue(
                sentence.matches(
                        "Interceptor \\S+ must proceed once with a call of cases.nothing, on the thread that it"
                                + " is called on, before it returns"),
                sentence);
        assertEquals(sentence, elsewhere.join().getMessage());
        assertThrows(IllegalStateException.class, kept.get(0)::proceed);
        assertEquals(1, executions.get());

        client.intercept((method, options, next) -> {
            next.proceed(options);
            assertThrows(IllegalStateException.class, () -> next.proceed(options));
            notes.add("once");
        });
        client.call("cases.nothing", Void.class, within(20_000)).join();
        assertTrue(notes.contains("once"), notes::toString);
        assertEquals(2, executions.get());
    }

    @Test
    void aCallerThatGivesUpEndsTheCallBehindItsInterceptors() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        List<CallOutcome> outcomes = new CopyOnWriteArrayList<>();
        client.intercept((method, options, next) -> next.proceed(options).thenAccept(outcomes::add));
        CompletableFuture<String> call = client.call("cases.block", String.class, within(60_000), "x");
        await().until(() -> notes.contains("started x"));

        call.cancel(true);

        await().until(() -> notes.contains("interrupted x true"));
        await().until(() -> outcomes.size() == 1);
        assertEquals(Optional.of(Reason.CANCELLED), outcomes.get(0).failure());
        assertEquals(0, client.runtime().pending().size());
    }

    @Test
    void anInterceptorMayOnlyGiveABroadcastWhatItCanHonour() {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        client.intercept((method, options, next) -> next.proceed(options.withRetries(3)));
        Broadcast<Integer> broadcast = client.broadcast("cases.add", Integer.class, 1, 2);

        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, broadcast::askAsync);

        assertTrue(String.valueOf(e.getMessage()).contains("cannot honour withRetries"), e::getMessage);
        assertEquals(3, client.call("cases.add", Integer.class, 1, 2).join());
    }
}
