package dev.omnibus.examples;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.Broadcast;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * What README and documentation show. Tests run each listing and compare the documents with the regions between the
 * {@code tag} and {@code end} comments.
 */
public final class Listings {

    private Listings() {}

    // tag::publish-subscribe
    record OrderPlaced(String id, int pieces) {}

    static void publishAndSubscribe(String redis) {
        try (Bus bus = Bus.connect(redis)) {
            CompletableFuture<OrderPlaced> shipped = new CompletableFuture<>();
            bus.subscribe("orders.*", OrderPlaced.class, event -> shipped.complete(event.data()))
                    .ready()
                    .join();

            bus.publish("orders.placed", new OrderPlaced("o-17", 3));

            System.out.println("shipped " + shipped.join());
        }
    }
    // end::publish-subscribe

    // tag::contract
    interface Stock {
        int left(String sku);
    }

    record WarehouseStock(Map<String, Integer> pieces) implements Stock {
        @Override
        public int left(String sku) {
            return pieces.getOrDefault(sku, 0);
        }
    }
    // end::contract

    // tag::call
    static void call(String redis) {
        try (Bus warehouse = Bus.connect(redis);
                Bus shop = Bus.connect(redis)) {
            RpcServer.on(warehouse)
                    .serve(Stock.class, new WarehouseStock(Map.of("sku-1", 12)))
                    .ready()
                    .join();

            Stock stock = RpcClient.on(shop).proxy(Stock.class);
            System.out.println(stock.left("sku-1") + " left");
        }
    }
    // end::call

    // tag::broadcast
    static int leftEverywhere(Bus bus, String sku) {
        Broadcast<Integer> left = RpcClient.on(bus).broadcast(Stock.class, stock -> stock.left(sku));
        return left.ask().orThrow().stream().mapToInt(Integer::intValue).sum();
    }
    // end::broadcast
}
