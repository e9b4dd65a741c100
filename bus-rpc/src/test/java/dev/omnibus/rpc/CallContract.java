package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What calls to one node must do, on every transport. */
abstract class CallContract extends CallFixture {

    @Test
    void aCallReturnsWhatTheServerReturns() {
        serving("a", 3);
        RpcClient client = RpcClient.on(bus("caller"));
        Stock stock = client.proxy(Stock.class);

        assertEquals(3, stock.left("sku-1"));
        assertEquals(0, stock.left("none"));
        assertEquals(6, stock.twice("sku-1"));
        assertEquals(3, stock.leftLater("sku-1").join());
        assertEquals(Map.of("numbers", List.of(1, 2)), stock.table(List.of(1, 2), true));
        stock.note("written \"down\"\n");
        assertEquals(List.of("written \"down\"\n"), notes);
        assertEquals(3, client.call("stock.left", Integer.class, "sku-1").join());
    }

    @Test
    void withoutAServerACallFailsAtOnceAndSaysSo() {
        Stock stock = RpcClient.on(bus("caller"))
                .proxy(Stock.class, CallOptions.defaults().withTimeout(Duration.ofMinutes(1)));

        RpcException e = assertThrows(RpcException.class, () -> stock.left("sku-1"));

        assertEquals(Reason.NO_SERVER, e.reason());
        assertTrue(e.notExecuted());
        assertTrue(e.elapsed().toMillis() < 10_000, e::getMessage);
        assertTrue(
                String.valueOf(e.getMessage())
                        .matches(
                                "Call stock.left failed after \\d+ ms: no node serves it; is a server for it running\\?"),
                e::getMessage);
    }

    /**
     * One after the other, so that no node is busy and chance alone decides: of 400 calls, one of four nodes gets 49 or
     * less once in a thousand million times.
     */
    @Test
    void callsAreSpreadOverTheNodes() {
        for (int i = 1; i <= 4; i++) {
            serving("n" + i, i);
        }
        RpcClient client = RpcClient.on(bus("caller"));

        Map<String, Long> spread = IntStream.range(0, 400)
                .mapToObj(i -> client.call("stock.node", String.class).join())
                .collect(Collectors.groupingBy(n -> n, Collectors.counting()));

        assertEquals(Set.of("n1", "n2", "n3", "n4"), spread.keySet());
        assertTrue(spread.values().stream().allMatch(n -> n > 49), spread::toString);
    }

    @Test
    void aNodeThatIsBusyGetsNoCallWhileAnotherOneIsNot() throws Exception {
        Bus busy = serving("busy", 1);
        serving("idle", 1);
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions there =
                CallOptions.defaults().withTimeout(Duration.ofMinutes(1)).onNode(busy.node());
        CompletableFuture<String> slow = client.call("stock.slow", String.class, there, 60_000);
        assertTrue(started.await(20, SECONDS));

        for (int i = 0; i < 50; i++) {
            assertEquals("idle", client.call("stock.node", String.class).join());
        }
        release.countDown();
        assertEquals("released", slow.join());
    }

    @Test
    void aFaultArrivesAsItWasThrownAndAnyOtherExceptionOnlyAsAnId() {
        Bus server = serving("a", 1);
        Stock stock = RpcClient.on(bus("caller")).proxy(Stock.class);

        RpcFault fault = assertThrows(RpcFault.class, () -> stock.fail("fault"));
        assertEquals(42, fault.code());
        assertEquals("no such sku", fault.getMessage());
        assertEquals(server.node(), fault.node());

        for (String how : List.of("exception", "error")) {
            RpcException e = assertThrows(RpcException.class, () -> stock.fail(how));
            assertEquals(Reason.FAULT, e.reason());
            assertFalse(e.notExecuted());
            assertFalse(String.valueOf(e.getMessage()).contains("secret"), e::getMessage);
        }
        assertEquals(1, stock.left("sku-1"));
    }

    @Test
    void aCallEndsByItsTimeout() {
        serving("a", 1);
        Stock stock = RpcClient.on(bus("caller"))
                .proxy(Stock.class, CallOptions.defaults().withTimeout(Duration.ofMillis(200)));

        RpcException e = assertThrows(RpcException.class, () -> stock.slow(20_000));

        assertEquals(Reason.TIMEOUT, e.reason());
        assertFalse(e.notExecuted());
    }

    @Test
    void wrongArgumentsAreRefusedAndNothingIsExecuted() {
        serving("a", 1);
        RpcClient client = RpcClient.on(bus("caller"));

        assertEquals(
                Reason.REFUSED,
                failure(client.call("stock.left", Integer.class)).reason());
        assertEquals(
                Reason.REFUSED,
                failure(client.call("stock.slow", String.class, "x")).reason());
        assertTrue(failure(client.call("stock.left", Integer.class, 1, 2)).notExecuted());
        assertEquals(
                Reason.BAD_REPLY,
                failure(client.call("stock.node", Integer.class)).reason());
    }

    @Test
    void aNodeThatLeavesFinishesItsCallsAndGetsNoMore() throws Exception {
        Bus leaving = serving("leaving", 1);
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> running = client.call("stock.slow", String.class, 20_000);
        assertTrue(started.await(5, SECONDS));
        serving("staying", 2);
        await().until(() ->
                Insides.serving(client.runtime().directory().nodes()).size() == 2);

        CompletableFuture<Void> closing = CompletableFuture.runAsync(leaving::close);
        await().until(() -> client.runtime().directory().serving("stock.node").size() == 1);
        for (int i = 0; i < 50; i++) {
            assertEquals("staying", client.call("stock.node", String.class).join());
        }
        assertFalse(running.isDone());
        release.countDown();

        assertEquals("released", running.join());
        closing.get(10, SECONDS);
        await().until(() ->
                Insides.serving(client.runtime().directory().nodes()).size() == 1);
    }

    @Test
    void aServiceThatIsClosedIsNoLongerFound() {
        Bus bus = bus("server");
        Registration registration = RpcServer.on(bus).serve(Stock.class, new Shelf("a", 1));
        registration.ready().join();
        RpcClient client = RpcClient.on(bus("caller"));
        assertEquals(1, client.call("stock.left", Integer.class, "x").join());

        registration.close();
        registration.closed().join();

        assertEquals(
                Reason.NO_SERVER,
                failure(client.call("stock.left", Integer.class, "x")).reason());
        RpcServer.on(bus).serve(Stock.class, new Shelf("a", 7)).ready().join();
        assertEquals(7, client.call("stock.left", Integer.class, "x").join());
    }

    @Test
    void tooMuchAtOnceIsAnsweredWithOverloadedAndTheRestIsDone() {
        serving("a", 1);
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions patient = CallOptions.defaults().withTimeout(Duration.ofSeconds(30));
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 1_500; i++) {
            calls.add(client.call("stock.slow", String.class, patient, 20_000));
        }
        await().until(() -> calls.stream()
                        .filter(CompletableFuture::isCompletedExceptionally)
                        .count()
                == 1_500 - 1_088);
        release.countDown();

        long overloaded = calls.stream()
                .filter(call -> {
                    RpcException e =
                            call.handle((v, failure) -> (RpcException) failure).join();
                    return e != null && e.reason() == Reason.OVERLOADED && e.notExecuted();
                })
                .count();
        assertEquals(1_500 - 1_088, overloaded);
    }

    @Test
    void closingTheClientFailsWhatIsPending() throws Exception {
        serving("a", 1);
        Bus caller = bus("caller");
        CompletableFuture<String> call = RpcClient.on(caller).call("stock.slow", String.class, 20_000);
        assertTrue(started.await(5, SECONDS));

        caller.close();

        assertEquals(Reason.CLOSED, failure(call).reason());
    }

    @Test
    void asynchronousMethodsAreBoundedToo() {
        serving("a", 1);
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions patient = CallOptions.defaults().withTimeout(Duration.ofSeconds(30));
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 1_500; i++) {
            calls.add(client.call("stock.never", String.class, patient));
        }

        await().until(() -> calls.stream()
                        .filter(CompletableFuture::isCompletedExceptionally)
                        .count()
                >= 1_500 - 1_088 - 64);
        never.complete("at last");
        long answered = calls.stream()
                .filter(call -> call.handle((value, failure) -> failure == null).join())
                .count();
        assertTrue(answered >= 1_088 && answered <= 1_088 + 64, () -> answered + " were accepted");
    }

    @Test
    void callsThatWaitForCallsDoNotHangEachOther() {
        serving("a", 1);
        RpcClient client = RpcClient.on(bus("caller"));
        Stock stock = client.proxy(Stock.class, CallOptions.defaults().withTimeout(Duration.ofSeconds(20)));
        List<CompletableFuture<Integer>> calls = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            calls.add(client.call("stock.leftLater", Integer.class, "sku-1").thenApply(left -> left + stock.left("x")));
        }

        assertEquals(
                800,
                calls.stream()
                        .mapToInt(call -> call.orTimeout(30, SECONDS).join())
                        .sum());
    }

    /** A class of the caller's that cannot be loaded, say. */
    record Explosive(int value) {
        Explosive {
            throw new NoClassDefFoundError("secret" + value);
        }
    }

    @Test
    void anErrorWhileReadingAnAnswerEndsTheCallLikeAnException() {
        serving("a", 1);
        RpcClient client = RpcClient.on(bus("caller"));

        assertEquals(
                Reason.BAD_REPLY,
                failure(client.call("stock.left", Explosive.class, "x")).reason());
    }

    @Test
    void aRegistrationSaysWhenItHasEndedWhoeverEndedItAndNotOnAnIoThread() throws Exception {
        Bus bus = bus("server");
        CompletableFuture<String> byBlock;
        try (Registration block = RpcServer.on(bus).serve(Stock.class, new Shelf("a", 1))) {
            byBlock = block.closed().thenApply(done -> Thread.currentThread().getName());
            assertFalse(byBlock.isDone());
        }
        assertFalse(byBlock.get(10, SECONDS).contains("io"));

        CompletableFuture<String> byBus = RpcServer.on(bus)
                .serve(Stock.class, new Shelf("a", 1))
                .closed()
                .thenApply(done -> Thread.currentThread().getName());
        assertFalse(byBus.isDone());
        bus.close();
        assertFalse(byBus.get(10, SECONDS).contains("io"));
    }

    @Test
    void closingARegistrationAgainDoesNotEndItsSuccessor() {
        Bus bus = bus("server");
        Registration first = RpcServer.on(bus).serve(Stock.class, new Shelf("a", 1));
        first.close();
        first.closed().join();
        RpcServer.on(bus).serve(Stock.class, new Shelf("b", 2)).ready().join();

        first.close();
        first.closed().join();

        assertEquals(2, RpcClient.on(bus("caller")).proxy(Stock.class).left("x"));
    }

    @Test
    void manyFirstCallsAtTheSameTimeAllSucceedOrFailAtOnce() {
        serving("a", 7);
        RpcClient client = RpcClient.on(bus("caller"));
        CallOptions patient = CallOptions.defaults().withTimeout(Duration.ofMinutes(1));
        List<CompletableFuture<Integer>> calls = new ArrayList<>();
        List<CompletableFuture<Integer>> lost = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            calls.add(client.call("stock.left", Integer.class, patient, "x"));
            lost.add(client.call("stock.nothing", Integer.class, patient));
        }
        calls.forEach(call -> assertEquals(7, call.orTimeout(20, SECONDS).join()));
        lost.forEach(call -> assertEquals(Reason.NO_SERVER, failure(call).reason()));
    }

    @Test
    void firstCallsAreSentInTheOrderInWhichTheyWereMade() {
        ServiceOptions oneByOne = ServiceOptions.defaults().withConcurrency(1);
        RpcServer.on(bus("a"))
                .serve(Stock.class, new Shelf("a", 1), oneByOne)
                .ready()
                .join();
        RpcClient client = RpcClient.on(bus("caller"));
        List<String> texts = IntStream.range(0, 200).mapToObj(String::valueOf).toList();

        List<CompletableFuture<Void>> calls = texts.stream()
                .map(text -> client.call("stock.note", Void.class, text))
                .toList();

        CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new))
                .orTimeout(20, SECONDS)
                .join();
        assertEquals(texts, notes);
    }

    @Test
    void aNodeWithHundredsOfMethodsAnswersOnAllOfThem() {
        Bus server = bus("server");
        List<CompletableFuture<Void>> ready = new ArrayList<>();
        for (int i = 0; i < 150; i++) { // each has two channels
            int number = i;
            ready.add(RpcServer.on(server).serve("big.m" + i, params -> number).ready());
        }
        CompletableFuture.allOf(ready.toArray(CompletableFuture[]::new))
                .orTimeout(30, SECONDS)
                .join();
        RpcClient client = RpcClient.on(bus("caller"));
        for (int i = 0; i < 150; i++) {
            assertEquals(i, client.call("big.m" + i, Integer.class).join());
        }
    }
}
