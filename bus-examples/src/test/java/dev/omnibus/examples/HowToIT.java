package dev.omnibus.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.Listings.Stock;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.util.Optional;
import org.junit.jupiter.api.Test;

@WithRedis
class HowToIT {

    private final RedisServer redis;

    HowToIT(RedisServer redis) {
        this.redis = redis;
    }

    @Test
    void aFaultOfTheServiceIsAnAnswerAndNoServerIsNot() {
        try (Bus bus = Bus.builder(redis.url()).prefix("how-to").build()) {
            Stock stock = RpcClient.on(bus).proxy(Stock.class);
            assertThrows(RpcException.class, () -> HowTo.leftIfKnown(stock, "sku-1"));

            RpcServer.on(bus).serve(Stock.class, HowToIT::left).ready().join();

            assertEquals(Optional.of(12), HowTo.leftIfKnown(stock, "sku-1"));
            assertEquals(Optional.empty(), HowTo.leftIfKnown(stock, "sku-2"));
        }
    }

    private static int left(String sku) {
        if (sku.equals("sku-1")) {
            return 12;
        }
        throw new RpcFault(404, "no such sku");
    }

    @Test
    void aProgramIsTestedInMemory() {
        assertEquals(12, HowTo.leftInMemory());
    }

    @Test
    void aProgramIsTestedWithRedis() {
        assertEquals(0, HowTo.nobodyListens());
    }

    @Test
    void aBusHasItsOwnPrefix() {
        try (Bus bus = HowTo.connectWithPrefix(redis.url())) {
            assertTrue(bus.node().startsWith("shop-"));
            assertEquals("staging", bus.channels().names().prefix());
        }
    }
}
