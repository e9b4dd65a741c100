package dev.omnibus.examples;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.HowToBroadcast.Prices;
import dev.omnibus.examples.Listings.Stock;
import dev.omnibus.examples.Listings.WarehouseStock;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@WithRedis
class HowToBroadcastIT {

    private final RedisServer redis;
    private Bus north;
    private Bus south;

    HowToBroadcastIT(RedisServer redis) {
        this.redis = redis;
    }

    @BeforeEach
    void openTwoWarehouses() {
        north = serving(12);
        south = serving(30);
    }

    private Bus serving(int pieces) {
        Bus bus = Bus.builder(redis.url()).name("warehouse").prefix("broadcast").build();
        RpcServer.on(bus)
                .serve(Stock.class, new WarehouseStock(Map.of("sku-1", pieces)))
                .ready()
                .join();
        return bus;
    }

    @AfterEach
    void close() {
        north.close();
        south.close();
    }

    @Test
    void oneWarehouseThatHasItIsEnough() {
        assertTrue(HowToBroadcast.isAnywhere(north, "sku-1"));
        assertFalse(HowToBroadcast.isAnywhere(north, "sku-2"));
    }

    @Test
    void eachReplyIsShown() {
        List<String> shown = new CopyOnWriteArrayList<>();
        assertEquals(42, HowToBroadcast.leftEverywhere(north, "sku-1", shown::add));
        assertEquals(2, shown.size());
    }

    @Test
    void whatIsInTheStageIsGiven() {
        RpcServer.on(south)
                .serve(Prices.class, sku -> CompletableFuture.completedFuture(99))
                .ready()
                .join();
        assertEquals(List.of(99), HowToBroadcast.prices(north, "sku-1"));
    }

    @Test
    void moreThanHalfOfTwoAreTwo() {
        assertEquals(Set.of(12, 30), Set.copyOf(HowToBroadcast.byName(north).orThrow()));
    }

    @Test
    void theDocumentHasTheMethod() {
        assertTrue(HowToBroadcast.discover(north).contains("stock.left"));
    }

    @Test
    void theScreenShowsWhoComesAndGoes() {
        List<String> shown = new CopyOnWriteArrayList<>();
        Directory.Watch watch = HowToBroadcast.watch(north, shown::add);
        await().until(() -> shown.size() >= 2);
        south.close();
        await().until(() -> shown.contains("warehouse is gone"));
        watch.close();
    }

    @Test
    void theScreenShowsHowANodeDoes() {
        assertTrue(HowToBroadcast.isAnywhere(north, "sku-1")); // the directory has been read
        List<String> shown = new CopyOnWriteArrayList<>();
        HowToBroadcast.show(north, south.node(), shown::add);
        assertEquals(2, shown.size());
        assertTrue(shown.get(1).startsWith("stock.left: "), shown::toString);
    }
}
