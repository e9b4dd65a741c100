package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusBuilder;
import dev.omnibus.bus.BusState;
import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is served and called on a bus that was built while what it connects to is away. */
abstract class BackgroundServingContract {

    interface Stock {
        int left(String sku);
    }

    private final String prefix = "test-" + UUID.randomUUID();
    private final List<Bus> buses = new ArrayList<>();

    /** For a bus to what is away until {@link #come}. */
    abstract BusBuilder builder();

    abstract void come();

    private Bus bus(String name) {
        Bus bus = builder()
                .name(name)
                .prefix(prefix)
                .drainTimeout(Duration.ofHours(1))
                .connectInBackground()
                .build();
        buses.add(bus);
        return bus;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (Bus bus : buses) { // none of them waits for anything
            CompletableFuture.runAsync(bus::close).get(20, SECONDS);
        }
    }

    private static RpcException failure(CompletableFuture<?> call) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> call.get(20, SECONDS));
        return assertInstanceOf(RpcException.class, e.getCause());
    }

    @Test
    void aServiceCanBeCalledAsSoonAsThereIsAConnection() throws Exception {
        Registration stock = RpcServer.on(bus("warehouse")).serve(Stock.class, sku -> 12);
        Bus shop = bus("shop");
        CompletableFuture<Void> ready = stock.ready();
        assertFalse(ready.isDone());
        come();
        ready.get(20, SECONDS);
        await().atMost(20, SECONDS).until(() -> shop.state() == BusState.UP);
        assertEquals(
                12, RpcClient.on(shop).call("stock.left", Integer.class, "sku").get(20, SECONDS));
    }

    @Test
    void aCallABroadcastAndTheDirectoryFailAtOnceAndTheCallWasNotExecuted() {
        Bus shop = bus("shop");
        RpcException call = failure(RpcClient.on(shop).call("stock.left", Integer.class, "sku"));
        assertEquals(Reason.CONNECTION_LOST, call.reason());
        assertTrue(call.notExecuted());
        RpcException broadcast = failure(
                RpcClient.on(shop).broadcast("stock.left", Integer.class, "sku").askAsync());
        assertEquals(Reason.CONNECTION_LOST, broadcast.reason());
        assertEquals(Reason.CONNECTION_LOST, failure(Directory.on(shop).nodes()).reason());
    }

    @Test
    void aQueuedCallIsEnqueuedAndExecutedThen() throws Exception {
        Bus warehouse = bus("warehouse");
        RpcServer.on(warehouse)
                .serve(Stock.class, sku -> 12, ServiceOptions.defaults().withQueued());
        Queued<Integer> call = RpcClient.on(bus("shop")).queue(Stock.class).enqueue(stock -> stock.left("sku"));
        come();
        assertEquals(12, call.result().get(20, SECONDS));
    }

    @Test
    void aListenerOfTheDirectoryBeginsThen() {
        RpcServer.on(bus("warehouse")).serve(Stock.class, sku -> 12);
        List<String> joined = new ArrayList<>();
        Directory.on(bus("shop")).watch(new Directory.Listener() {
            @Override
            public void joined(NodeInfo node) {
                joined.add(node.application());
            }
        });
        come();
        await().atMost(20, SECONDS).until(() -> joined.contains("warehouse"));
    }

    @Test
    void aServiceThatIsEndedMeanwhileEndsAtOnceAndIsNeverThere() throws Exception {
        Bus warehouse = bus("warehouse");
        Registration never = RpcServer.on(warehouse).serve(Stock.class, sku -> 12);
        never.close();
        never.closed().get(20, SECONDS);
        assertInstanceOf(RpcException.class, failure(never.ready()));
        come();
        Bus shop = bus("shop");
        await().atMost(20, SECONDS).until(() -> shop.state() == BusState.UP);
        assertEquals(
                Reason.NO_SERVER,
                failure(RpcClient.on(shop).call("stock.left", Integer.class, "sku"))
                        .reason());
        RpcServer.on(warehouse).serve(Stock.class, sku -> 13).ready().get(20, SECONDS); // it can be served again
    }

    @Test
    void aServerThatIsDrainedMeanwhileHasDrainedAtOnce() throws Exception {
        Bus warehouse = bus("warehouse");
        RpcServer.on(warehouse).serve(Stock.class, sku -> 12);
        RpcServer.on(warehouse).drain().get(20, SECONDS);
    }

    @Test
    void itIsClosedAtOnceWhateverIsServedOrCalled() {
        Bus warehouse = bus("warehouse");
        CompletableFuture<Void> ready = RpcServer.on(warehouse)
                .serve(Stock.class, sku -> 12, ServiceOptions.defaults().withQueued())
                .ready();
        Queued<Integer> call = RpcClient.on(warehouse).queue(Stock.class).enqueue(stock -> stock.left("sku"));
        assertFalse(ready.isDone());
        warehouse.close(); // with a time to drain of an hour
        assertInstanceOf(RpcException.class, failure(ready));
        assertInstanceOf(RpcException.class, failure(call.result()));
    }
}
