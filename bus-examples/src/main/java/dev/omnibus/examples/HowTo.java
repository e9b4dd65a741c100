package dev.omnibus.examples;

import dev.omnibus.bus.Bus;
import dev.omnibus.examples.Listings.Stock;
import dev.omnibus.examples.Listings.WarehouseStock;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.Map;
import java.util.Optional;

/** What the how-to pages show. Tests run each listing. */
public final class HowTo {

    private HowTo() {}

    // tag::handle-failures
    static Optional<Integer> leftIfKnown(Stock stock, String sku) {
        try {
            return Optional.of(stock.left(sku));
        } catch (RpcFault fault) {
            return Optional.empty(); // the service itself said no, with fault.code()
        } catch (RpcException e) {
            if (e.reason() == Reason.OVERLOADED || e.reason() == Reason.DRAINING) {
                return Optional.empty(); // e.notExecuted() is true: a retry is safe, a little later
            }
            throw e; // its message says what, where, for how long and why
        }
    }
    // end::handle-failures

    // tag::test-in-memory
    static int leftInMemory() {
        InMemoryNetwork network = new InMemoryNetwork();
        try (Bus warehouse = Bus.builder(network.open()).build();
                Bus shop = Bus.builder(network.open()).build()) {
            RpcServer.on(warehouse)
                    .serve(Stock.class, new WarehouseStock(Map.of("sku-1", 12)))
                    .ready()
                    .join();
            return RpcClient.on(shop).proxy(Stock.class).left("sku-1");
        }
    }
    // end::test-in-memory

    // tag::test-with-redis
    static long nobodyListens() {
        try (RedisServer redis = RedisServer.obtain();
                Bus bus = Bus.connect(redis.url())) {
            return bus.publish("orders.placed", "o-17").join();
        }
    }
    // end::test-with-redis

    static Bus connectWithPrefix(String address) {
        // tag::connect-with-prefix
        Bus bus = Bus.builder(address).name("shop").prefix("staging").build();
        // end::connect-with-prefix
        return bus;
    }
}
