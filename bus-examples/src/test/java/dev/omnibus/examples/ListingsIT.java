package dev.omnibus.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.Listings.Stock;
import dev.omnibus.examples.Listings.WarehouseStock;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

@WithRedis
class ListingsIT {

    private final String redis;

    ListingsIT(RedisServer server) {
        redis = server.url();
    }

    @Test
    void whatIsPublishedReachesTheSubscriber() {
        assertEquals("shipped OrderPlaced[id=o-17, pieces=3]", printed(() -> Listings.publishAndSubscribe(redis)));
    }

    @Test
    void theShopAsksTheWarehouse() {
        assertEquals("12 left", printed(() -> Listings.call(redis)));
    }

    @Test
    void allWarehousesAreAsked() {
        try (Bus north = Bus.connect(redis);
                Bus south = Bus.connect(redis)) {
            serve(north, 12);
            serve(south, 30);
            assertEquals(42, Listings.leftEverywhere(north, "sku-1"));
        }
    }

    @Test
    void aWarehouseThatFailsIsNoWarehouseWithoutStock() {
        try (Bus north = Bus.connect(redis);
                Bus south = Bus.connect(redis)) {
            serve(north, 12);
            Stock broken = sku -> {
                throw new IllegalStateException("no database");
            };
            RpcServer.on(south).serve(Stock.class, broken).ready().join();
            assertThrows(RpcException.class, () -> Listings.leftEverywhere(north, "sku-1"));
            assertTrue(HowToBroadcast.whatIsKnown(north, "sku-1").startsWith("at least 12; failed: {" + south.node()));
        }
    }

    private static void serve(Bus bus, int pieces) {
        RpcServer.on(bus)
                .serve(Stock.class, new WarehouseStock(Map.of("sku-1", pieces)))
                .ready()
                .join();
    }

    private static String printed(Runnable listing) {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            listing.run();
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8).strip();
    }
}
