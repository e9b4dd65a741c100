package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
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

/** Who stands before calls, on both sides: asked before, told after. */
abstract class InterceptorContract extends CasesFixture {

    @Test
    void aCallOfAnInterceptorEndsByTheDeadlineOfTheCallThatItStandsBefore() {
        Bus server = serving("a");
        RpcServer.on(server).intercept(new ServerInterceptor() {
            @Override
            public void before(CallContext call) {
                if (call.method().equals("cases.nothing")) {
                    notes.add("before " + CallContext.current().method());
                    RpcClient.on(server).proxy(Cases.class, within(60_000)).block("door");
                }
            }
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
    void behindAnInterceptorANonBlockingMethodIsServedLikeAnyOther() throws InterruptedException {
        Bus server = serving("a", new ServiceOptions(4, 4));
        CountDownLatch inside = new CountDownLatch(4);
        RpcServer.on(server).intercept(new ServerInterceptor() {
            @Override
            public void before(CallContext call) {
                inside.countDown();
                try {
                    release.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
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
        await().until(() -> door.outcomes.size() == 1); // told beside the reply, not before it
        assertEquals(Reason.REFUSED, unknown.reason());
        assertTrue(unknown.notExecuted());
        assertTrue(
                String.valueOf(unknown.getMessage()).endsWith(": say who you are, in the header \"user\""),
                unknown::getMessage);
        RpcException broken = CallFixture.failure(
                client.call("cases.nothing", Void.class, CallOptions.defaults().withHeader("user", "broken")));
        await().until(() -> door.outcomes.size() == 2);
        assertEquals(Reason.REFUSED, broken.reason());
        assertTrue(
                String.valueOf(broken.getMessage())
                        .matches(".*: internal error, id [0-9a-f-]{36} in the server's log; it was not executed"),
                broken::getMessage);
        assertEquals(0, executions.get());
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
    void whatACallOfAnInterceptorWasToldStaysThere() {
        Bus server = serving("a");
        RpcServer.on(server).intercept(new ServerInterceptor() {
            @Override
            public void before(CallContext call) {
                if (call.method().equals("cases.nothing")) {
                    throw CallFixture.failure(RpcClient.on(server).call("cases.add", Integer.class, 1));
                }
            }
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
        await().until(() -> outcomes.size() == 1); // told beside the answer, not before it
        CallFixture.failure(client.call("cases.unknown", String.class));
        await().until(() -> outcomes.size() == 2);
        RpcException refused = CallFixture.failure(client.call("cases.text", String.class, 1));

        assertEquals(Reason.REFUSED, refused.reason());
        assertTrue(refused.notExecuted());
        assertTrue(String.valueOf(refused.getMessage()).endsWith(": not from here"), refused::getMessage);
        await().until(() -> outcomes.size() == 3);
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
        client.intercept(new ClientInterceptor() {
            @Override
            public void after(CallOutcome outcome) {
                outcomes.add(outcome);
            }
        });

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

        client.intercept(new ClientInterceptor() {
            @Override
            public CallOptions before(String method, CallOptions options) {
                throw RpcException.refused("not from here");
            }
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
}
