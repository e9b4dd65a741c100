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
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What queued calls must do on every transport. */
abstract class QueuedCallContract {

    static final class SoldOut extends Exception {

        private static final long serialVersionUID = 1;

        SoldOut(String message) {
            super(message);
        }
    }

    interface Shop {

        int restock(String sku, int count);

        void note(String text);

        CompletableFuture<String> later(String text);

        int buy(String sku) throws SoldOut;

        String block() throws InterruptedException;

        @Idempotent
        String again(String text);

        default int twice(int count) {
            return 2 * restock("twice", count);
        }
    }

    final String prefix = "queued-" + UUID.randomUUID();
    final List<String> done = Collections.synchronizedList(new ArrayList<>());
    final CountDownLatch release = new CountDownLatch(1);
    final AtomicInteger blocked = new AtomicInteger();
    private final List<Bus> buses = new ArrayList<>();

    abstract Transport connect();

    class Counter implements Shop {

        @Override
        public int restock(String sku, int count) {
            done.add(sku);
            return count + 1;
        }

        @Override
        public void note(String text) {
            done.add(text);
        }

        @Override
        public CompletableFuture<String> later(String text) {
            return CompletableFuture.supplyAsync(() -> text + ", later");
        }

        @Override
        public int buy(String sku) throws SoldOut {
            switch (sku) {
                case "fault" -> throw new RpcFault(42, "no");
                case "error" -> throw new IllegalStateException("secret");
                default -> throw new SoldOut(sku);
            }
        }

        @Override
        public String block() throws InterruptedException {
            blocked.incrementAndGet();
            return release.await(60, SECONDS) ? "released" : "late";
        }

        @Override
        public String again(String text) {
            done.add(text);
            return text;
        }
    }

    Bus bus(String name) {
        Bus bus = Bus.builder(connect()).name(name).prefix(prefix).build();
        buses.add(bus);
        return bus;
    }

    Bus serving(String name, ServiceOptions options) {
        Bus bus = bus(name);
        RpcServer.on(bus).serve(Shop.class, new Counter(), options).ready().join();
        return bus;
    }

    Bus serving(String name) {
        return serving(name, ServiceOptions.defaults().withQueued());
    }

    CallQueue<Shop> queue() {
        return RpcClient.on(bus("caller")).queue(Shop.class);
    }

    @AfterEach
    void closeAll() {
        release.countDown();
        for (int i = buses.size() - 1; i >= 0; i--) {
            buses.get(i).close();
        }
    }

    static <T> T value(Queued<T> call) throws Exception {
        return call.result().get(20, SECONDS);
    }

    static void assertValue(@Nullable Object expected, Queued<?> call) throws Exception {
        assertEquals(expected, call.result().get(20, SECONDS));
    }

    static Throwable failure(Queued<?> call) {
        return Objects.requireNonNull(
                assertThrows(ExecutionException.class, () -> call.result().get(20, SECONDS))
                        .getCause());
    }

    static RpcException rpcFailure(Queued<?> call) {
        return assertInstanceOf(RpcException.class, failure(call));
    }

    @Test
    void aCallIsExecutedByANodeThatServesQueuedCalls() throws Exception {
        serving("a");
        Queued<Integer> call = queue().enqueue(shop -> shop.restock("sku-1", 10));
        assertValue(11, call);
        call.enqueued().get(20, SECONDS);
        assertEquals(List.of("sku-1"), done);
        assertTrue(call.id().startsWith("shop.restock:"), call::id);
    }

    @Test
    void aCallWaitsWhileNoNodeIsThere() throws Exception {
        CallQueue<Shop> queue = queue();
        Queued<Void> call = queue.enqueueVoid(shop -> shop.note("early"));
        call.enqueued().get(20, SECONDS);
        assertFalse(call.result().isDone());
        serving("deaf", ServiceOptions.defaults());
        serving("a");
        assertValue(null, call);
        assertEquals(List.of("early"), done);
    }

    @Test
    void directCallsAreServedAsBefore() {
        serving("a");
        assertEquals(2, RpcClient.on(bus("caller")).proxy(Shop.class).restock("sku", 1));
    }

    @Test
    void everyKindOfMethodCanBeQueued() throws Exception {
        serving("a");
        CallQueue<Shop> queue = queue();
        assertValue("x, later", queue.enqueueStage(shop -> shop.later("x")));
        assertValue(null, queue.enqueueVoid(shop -> shop.note("y")));
        assertValue("z", queue.enqueue(shop -> shop.again("z")));
        Queued<Integer> named =
                RpcClient.on(bus("other")).enqueue("shop.restock", Integer.class, QueueOptions.defaults(), "sku", 6);
        assertValue(7, named);
    }

    @Test
    void failuresArriveAsOfDirectCalls() {
        serving("a");
        CallQueue<Shop> queue = queue();
        assertEquals(
                "gone",
                assertInstanceOf(SoldOut.class, failure(queue.enqueue(shop -> shop.buy("gone"))))
                        .getMessage());
        assertEquals(
                42,
                assertInstanceOf(RpcFault.class, failure(queue.enqueue(shop -> shop.buy("fault"))))
                        .code());
        RpcException error = rpcFailure(queue.enqueue(shop -> shop.buy("error")));
        assertEquals(Reason.FAULT, error.reason());
        assertFalse(String.valueOf(error.getMessage()).contains("secret"));
        RpcException misfit = rpcFailure(RpcClient.on(bus("other"))
                .enqueue("shop.restock", Integer.class, QueueOptions.defaults(), "sku", "no number"));
        assertEquals(Reason.REFUSED, misfit.reason());
        assertTrue(misfit.notExecuted());
    }

    @Test
    void aResultIsFoundByItsIdFromAnyProcessAndAsOftenAsItIsAsked() throws Exception {
        CallQueue<Shop> queue = queue();
        Queued<Integer> call = queue.enqueue(shop -> shop.restock("sku-1", 10));
        call.enqueued().get(20, SECONDS);
        RpcClient other = RpcClient.on(bus("other"));
        Queued<Integer> early = other.queued(call.id(), Integer.class);
        early.enqueued().get(20, SECONDS);
        serving("a");
        assertValue(11, early);
        assertValue(11, call);
        assertValue(11, other.queued(call.id(), Integer.class));
        assertFalse(other.queued(call.id(), Integer.class).cancel().get(20, SECONDS));
        assertEquals(
                Reason.NODE_LOST,
                rpcFailure(other.queued("shop.restock:nobody", Integer.class)).reason());
    }

    @Test
    void aCallThatExpiresIsNeverExecuted() throws Exception {
        CallQueue<Shop> queue = RpcClient.on(bus("caller"))
                .queue(Shop.class, QueueOptions.defaults().withExpiry(Duration.ofMillis(200)));
        Queued<Void> call = queue.enqueueVoid(shop -> shop.note("late"));
        call.enqueued().get(20, SECONDS);
        RpcException expired = rpcFailure(call);
        assertEquals(Reason.TIMEOUT, expired.reason());
        assertTrue(expired.notExecuted());
        serving("a");
        assertValue(null, queue().enqueueVoid(shop -> shop.note("other")));
        assertEquals(List.of("other"), done);
    }

    @Test
    void aKeyMakesOneCallOfMany() throws Exception {
        CallQueue<Shop> queue = RpcClient.on(bus("caller"))
                .queue(Shop.class, QueueOptions.defaults().withKey("order-17"));
        CallQueue<Shop> elsewhere = RpcClient.on(bus("other"))
                .queue(Shop.class, QueueOptions.defaults().withKey("order-17"));
        Queued<Integer> first = queue.enqueue(shop -> shop.restock("sku", 1));
        first.enqueued().get(20, SECONDS);
        Queued<Integer> second = queue.enqueue(shop -> shop.restock("sku", 1));
        Queued<Integer> third = elsewhere.enqueue(shop -> shop.restock("sku", 1));
        Queued<Integer> other = elsewhere.enqueue(shop -> shop.restock("sku", 2));
        assertEquals("shop.restock:order-17", first.id());
        RpcException refused = rpcFailure(other);
        assertEquals(Reason.REFUSED, refused.reason());
        assertTrue(refused.notExecuted());
        serving("a");
        assertEquals(List.of(2, 2, 2), List.of(value(first), value(second), value(third)));
        assertValue(2, elsewhere.enqueue(shop -> shop.restock("sku", 1)));
        assertEquals(List.of("sku"), done);
    }

    @Test
    void aCallThatWaitsIsCancelledAndNeverExecuted() throws Exception {
        CallQueue<Shop> queue = queue();
        Queued<Void> call = queue.enqueueVoid(shop -> shop.note("unwanted"));
        assertTrue(call.cancel().get(20, SECONDS));
        RpcException cancelled = rpcFailure(call);
        assertEquals(Reason.CANCELLED, cancelled.reason());
        assertTrue(cancelled.notExecuted());
        serving("a");
        value(queue.enqueueVoid(shop -> shop.note("wanted")));
        assertEquals(List.of("wanted"), done);
        assertFalse(call.cancel().get(20, SECONDS));
    }

    @Test
    void aCallThatRunsIsCancelledAtItsNode() throws Exception {
        serving("a");
        Queued<String> call = queue().enqueue(Shop::block);
        await().until(() -> blocked.get() == 1);
        assertTrue(RpcClient.on(bus("other"))
                .queued(call.id(), String.class)
                .cancel()
                .get(20, SECONDS));
        RpcException cancelled = rpcFailure(call);
        assertEquals(Reason.CANCELLED, cancelled.reason());
        assertFalse(cancelled.notExecuted());
    }

    @Test
    void aCallIsNotBegunBeforeItsDelayIsOver() throws Exception {
        serving("a");
        RpcClient client = RpcClient.on(bus("caller"));
        Queued<Void> later = client.queue(Shop.class, QueueOptions.defaults().withDelay(Duration.ofMillis(300)))
                .enqueueVoid(shop -> shop.note("later"));
        Queued<Void> never = client.queue(Shop.class, QueueOptions.defaults().withDelay(Duration.ofDays(1)))
                .enqueueVoid(shop -> shop.note("never"));
        later.enqueued().get(20, SECONDS);
        never.enqueued().get(20, SECONDS);
        value(client.queue(Shop.class).enqueueVoid(shop -> shop.note("at once")));
        value(later);
        assertEquals(List.of("at once", "later"), done);
        assertTrue(never.cancel().get(20, SECONDS));
        assertTrue(rpcFailure(never).notExecuted());
    }

    @Test
    void aFullQueueRefuses() throws Exception {
        CallQueue<Shop> queue = RpcClient.on(bus("caller"))
                .queue(Shop.class, QueueOptions.defaults().withLimit(2));
        queue.enqueueVoid(shop -> shop.note("1")).enqueued().get(20, SECONDS);
        queue.enqueueVoid(shop -> shop.note("2")).enqueued().get(20, SECONDS);
        Queued<Void> third = queue.enqueueVoid(shop -> shop.note("3"));
        RpcException full = rpcFailure(third);
        assertEquals(Reason.OVERLOADED, full.reason());
        assertTrue(full.notExecuted());
        assertThrows(ExecutionException.class, () -> third.enqueued().get(20, SECONDS));
    }

    @Test
    void aNodeTakesOnlyAsManyAsItCanBeginAndGoesOnWhenThereIsRoom() throws Exception {
        serving("busy", ServiceOptions.defaults().withConcurrency(2).withQueued());
        CallQueue<Shop> queue = queue();
        List<Queued<String>> calls =
                IntStream.range(0, 5).mapToObj(i -> queue.enqueue(Shop::block)).toList();
        await().until(() -> blocked.get() == 2);
        serving("idle", ServiceOptions.defaults().withConcurrency(1).withQueued());
        await().until(() -> blocked.get() == 3);
        release.countDown();
        for (Queued<String> call : calls) {
            assertValue("released", call);
        }
    }

    @Test
    void manyCallsOfManyThreadsEndOnceEach() throws Exception {
        serving("a", ServiceOptions.defaults().withConcurrency(4).withQueued());
        serving("b", ServiceOptions.defaults().withConcurrency(4).withQueued());
        CallQueue<Shop> queue = queue();
        List<Queued<Integer>> calls = IntStream.range(0, 1_000)
                .parallel()
                .mapToObj(i -> queue.enqueue(shop -> shop.restock("sku-" + i, i)))
                .toList();
        for (int i = 0; i < calls.size(); i++) {
            assertValue(i + 1, calls.get(i));
        }
        assertEquals(1_000, done.stream().distinct().count());
        assertEquals(1_000, done.size());
    }

    @Test
    void aNodeThatClosesFinishesWhatItHasAndLeavesTheRest() throws Exception {
        Bus leaving =
                serving("leaving", ServiceOptions.defaults().withConcurrency(1).withQueued());
        CallQueue<Shop> queue = queue();
        Queued<String> begun = queue.enqueue(Shop::block);
        await().until(() -> blocked.get() == 1);
        Queued<String> rest = queue.enqueue(shop -> shop.again("rest"));
        rest.enqueued().get(20, SECONDS);
        CompletableFuture<Void> closing = CompletableFuture.runAsync(leaving::close);
        release.countDown();
        closing.get(20, SECONDS);
        assertValue("released", begun);
        serving("next");
        assertValue("rest", rest);
        assertEquals(List.of("rest"), done);
    }

    @Test
    void interceptorsSeeQueuedCallsAndMayRefuseThem() throws Exception {
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        Bus server = serving("a");
        RpcServer.on(server).intercept((call, next) -> {
            seen.add("server " + call.headers().get("tenant"));
            next.proceed();
        });
        RpcClient client = RpcClient.on(bus("caller"));
        client.intercept((method, options, next) -> {
            if (options.headers().containsKey("evil")) {
                throw RpcException.refused("no");
            }
            next.proceed(options.withHeader("tenant", "acme"))
                    .thenAccept(
                            outcome -> seen.add("client " + outcome.failure().isEmpty()));
        });
        value(client.queue(Shop.class).enqueueVoid(shop -> shop.note("x")));
        await().until(() -> seen.size() == 2);
        assertEquals(List.of("server acme", "client true"), seen);
        Queued<Void> refused = client.queue(Shop.class, QueueOptions.defaults().withHeader("evil", "1"))
                .enqueueVoid(shop -> shop.note("y"));
        assertEquals(Reason.REFUSED, rpcFailure(refused).reason());
        assertThrows(ExecutionException.class, () -> refused.enqueued().get(20, SECONDS));
    }

    @Test
    void whatTheProgramDoesToItsFuturesChangesNothingForOthers() throws Exception {
        CallQueue<Shop> queue = queue();
        Queued<Integer> call = queue.enqueue(shop -> shop.restock("sku", 1));
        assertTrue(call.result().cancel(true));
        call.enqueued().obtrudeException(new IllegalStateException("mine"));
        call.enqueued().get(20, SECONDS);
        serving("a");
        assertValue(2, call);
    }

    @Test
    void aClientThatClosesEndsTheWaitingAndNotTheCall() throws Exception {
        Bus first = bus("first");
        Queued<Integer> call = RpcClient.on(first).queue(Shop.class).enqueue(shop -> shop.restock("sku", 1));
        call.enqueued().get(20, SECONDS);
        first.close();
        RpcException closed = rpcFailure(call);
        assertEquals(Reason.CLOSED, closed.reason());
        assertTrue(String.valueOf(closed.getMessage()).contains(call.id()), closed::getMessage);
        serving("a");
        assertValue(2, RpcClient.on(bus("restarted")).queued(call.id(), Integer.class));
        assertEquals(List.of("sku"), done);
    }

    @Test
    void errorsOfTheProgrammerAreThrownAtOnce() {
        RpcClient client = RpcClient.on(bus("caller"));
        CallQueue<Shop> queue = client.queue(Shop.class);
        assertThrows(IllegalArgumentException.class, () -> client.queue(String.class));
        assertThrows(IllegalArgumentException.class, () -> queue.enqueue(shop -> 1));
        assertThrows(IllegalArgumentException.class, () -> queue.enqueue(shop -> shop.later("x")));
        assertThrows(IllegalArgumentException.class, () -> queue.enqueue(shop -> shop.twice(1)));
        assertThrows(IllegalArgumentException.class, () -> client.queued("no id", Integer.class));
        assertThrows(IllegalArgumentException.class, () -> client.queued("shop:x", Integer.class));
        assertThrows(IllegalArgumentException.class, () -> client.queued("shop.restock:a b", Integer.class));
        QueueOptions options = QueueOptions.defaults();
        assertThrows(IllegalArgumentException.class, () -> options.withExpiry(Duration.ZERO));
        assertThrows(IllegalArgumentException.class, () -> options.withExpiry(Duration.ofDays(8)));
        assertThrows(IllegalArgumentException.class, () -> options.withDelay(Duration.ofMillis(-1)));
        assertThrows(IllegalArgumentException.class, () -> options.withRetention(Duration.ofHours(25)));
        assertThrows(IllegalArgumentException.class, () -> options.withRetention(Duration.ofMillis(9_999)));
        assertThrows(IllegalArgumentException.class, () -> options.withLimit(0));
        assertThrows(IllegalArgumentException.class, () -> options.withKey(""));
        assertThrows(IllegalArgumentException.class, () -> options.withKey("{order}"));
        assertThrows(IllegalArgumentException.class, () -> options.withHeader("no header", "x"));
    }
}
