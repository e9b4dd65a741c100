package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What calls and broadcasts must do, on every transport. */
abstract class CallContract {

    interface Stock {
        int left(String sku);

        CompletableFuture<Integer> leftLater(String sku);

        String node();

        void note(String text);

        Map<String, List<Integer>> table(List<Integer> numbers, @SuppressWarnings("unused") boolean deep);

        int fail(String how);

        String slow(int millis);

        default int twice(String sku) {
            return 2 * left(sku);
        }
    }

    private final String prefix = "test-" + UUID.randomUUID();
    private final List<Bus> buses = new ArrayList<>();
    private final CountDownLatch release = new CountDownLatch(1);
    private final List<String> notes = new ArrayList<>();

    abstract Transport connect();

    private class Shelf implements Stock {

        private final String name;
        private final int count;

        Shelf(String name, int count) {
            this.name = name;
            this.count = count;
        }

        @Override
        public int left(String sku) {
            return sku.equals("none") ? 0 : count;
        }

        @Override
        public CompletableFuture<Integer> leftLater(String sku) {
            return CompletableFuture.supplyAsync(() -> left(sku));
        }

        @Override
        public String node() {
            return name;
        }

        @Override
        public void note(String text) {
            synchronized (notes) {
                notes.add(text);
            }
        }

        @Override
        public Map<String, List<Integer>> table(List<Integer> numbers, boolean deep) {
            return Map.of("numbers", numbers);
        }

        @Override
        public int fail(String how) {
            switch (how) {
                case "fault" -> throw new RpcFault(42, "no such sku");
                case "error" -> throw new StackOverflowError("secret");
                default -> throw new IllegalStateException("secret " + how);
            }
        }

        @Override
        public String slow(int millis) {
            try {
                return release.await(millis, TimeUnit.MILLISECONDS) ? "released" : name;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return "interrupted";
            }
        }
    }

    Bus bus(String name) {
        Bus bus = Bus.builder(connect()).name(name).prefix(prefix).build();
        buses.add(bus);
        return bus;
    }

    Bus serving(String name, int count) {
        Bus bus = bus(name);
        RpcServer.on(bus).serve(Stock.class, new Shelf(name, count)).ready().join();
        return bus;
    }

    @AfterEach
    void closeAll() {
        release.countDown();
        for (int i = buses.size() - 1; i >= 0; i--) {
            buses.get(i).close();
        }
    }

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

    @Test
    void aBroadcastWithoutAServerFailsAtOnceAndSaysSo() {
        RpcClient client = RpcClient.on(bus("caller"));
        RpcException e = assertThrows(
                RpcException.class, () -> client.broadcast(Stock.class).ask(stock -> stock.left("sku-1")));
        assertEquals(Reason.NO_SERVER, e.reason());
    }

    @Test
    void aBroadcastIsAnsweredByEveryNodeAndComplete() {
        for (int i = 1; i <= 5; i++) {
            serving("n" + i, i);
        }

        Replies<Integer> replies =
                RpcClient.on(bus("caller")).broadcast(Stock.class).ask(stock -> stock.left("sku-1"));

        assertTrue(replies.isComplete(), replies::toString);
        assertEquals(15, replies.values().stream().mapToInt(i -> i).sum());
        assertEquals(5, replies.byNode().size());
        assertTrue(replies.elapsed().toMillis() < 5_000, replies::toString);
    }

    @Test
    void callsAreSpreadOverTheNodes() {
        for (int i = 1; i <= 4; i++) {
            serving("n" + i, i);
        }
        RpcClient client = RpcClient.on(bus("caller"));
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            calls.add(client.call("stock.node", String.class));
        }

        Map<String, Long> spread = calls.stream()
                .map(CompletableFuture::join)
                .collect(Collectors.groupingBy(n -> n, Collectors.counting()));

        assertEquals(Set.of("n1", "n2", "n3", "n4"), spread.keySet());
        assertTrue(spread.values().stream().allMatch(n -> n > 40), spread::toString);
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
    void aNodeThatLeavesFinishesItsCallsAndGetsNoMore() {
        Bus leaving = serving("leaving", 1);
        RpcClient client = RpcClient.on(bus("caller"));
        CompletableFuture<String> running = client.call("stock.slow", String.class, 300);
        await().until(() -> client.pending().size() == 1);
        serving("staying", 2);
        await().until(() -> client.directory().nodes().join().size() == 2);

        leaving.close();

        assertEquals("leaving", running.join());
        for (int i = 0; i < 50; i++) {
            assertEquals("staying", client.call("stock.node", String.class).join());
        }
        await().until(() -> client.directory().nodes().join().size() == 1);
    }

    @Test
    void aBroadcastNamesTheNodeThatDiesMeanwhile() throws Exception {
        serving("n1", 1);
        serving("n2", 1);
        Transport link = connect();
        Bus dying = Bus.builder(link)
                .name("dying")
                .prefix(prefix)
                .drainTimeout(Duration.ofMillis(10))
                .build();
        RpcServer.on(dying)
                .serve(Stock.class, new Shelf("dying", 1) {
                    @Override
                    public String slow(int millis) {
                        link.close(); // as if the process were killed: no good-bye, and the lease just ends
                        return super.slow(20_000);
                    }
                })
                .ready()
                .join();

        Replies<String> replies = RpcClient.on(bus("caller"))
                .broadcast(Stock.class)
                .with(CallOptions.defaults().withTimeout(Duration.ofSeconds(30)))
                .askAsync(stock -> stock.slow(500))
                .get(15, SECONDS);

        assertEquals(Map.of(dying.node(), Reason.NODE_LOST), replies.missing());
        assertEquals(Set.of("n1", "n2"), Set.copyOf(replies.values()));
        assertFalse(replies.isComplete());
        assertTrue(replies.elapsed().toMillis() < 10_000, replies::toString);
        release.countDown();
        dying.close();
    }

    @Test
    void aBroadcastIsCompleteAlthoughAnOnlookerListens() {
        serving("n1", 1);
        serving("n2", 2);
        try (Transport onlooker = connect()) {
            onlooker.subscribePattern(prefix + ":*", (channel, frame) -> {}).join();

            Replies<Integer> replies =
                    RpcClient.on(bus("caller")).broadcast(Stock.class).ask(stock -> stock.left("sku-1"));

            assertTrue(replies.isComplete(), replies::toString);
            assertEquals(2, replies.values().size());
            assertTrue(replies.elapsed().toMillis() < 2_000, replies::toString);
        }
    }

    @Test
    void aServiceThatIsClosedIsNoLongerFound() {
        Bus bus = bus("server");
        Registration registration = RpcServer.on(bus).serve(Stock.class, new Shelf("a", 1));
        registration.ready().join();
        RpcClient client = RpcClient.on(bus("caller"));
        assertEquals(1, client.call("stock.left", Integer.class, "x").join());

        registration.close().join();

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
        await().until(() -> calls.stream().anyMatch(CompletableFuture::isCompletedExceptionally));
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
    void closingTheClientFailsWhatIsPending() {
        serving("a", 1);
        Bus caller = bus("caller");
        CompletableFuture<String> call = RpcClient.on(caller).call("stock.slow", String.class, 20_000);

        caller.close();

        assertEquals(Reason.CLOSED, failure(call).reason());
    }

    static RpcException failure(CompletableFuture<?> call) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> call.get(20, SECONDS));
        return assertInstanceOf(RpcException.class, e.getCause());
    }
}
