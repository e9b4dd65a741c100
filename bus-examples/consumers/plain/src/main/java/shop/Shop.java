// tag::shop
package shop;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

public final class Shop {

    public record OrderPlaced(String id, int pieces) {}

    public interface Stock {
        int left(String sku);
    }

    public static void main(String[] args) {
        try (RedisServer redis = RedisServer.obtain();
                Bus warehouse = Bus.connect(redis.url());
                Bus shop = Bus.connect(redis.url())) {
            CompletableFuture<OrderPlaced> shipped = new CompletableFuture<>();
            warehouse
                    .subscribe("orders.*", OrderPlaced.class, event -> shipped.complete(event.data()))
                    .ready()
                    .join();
            RpcServer.on(warehouse).serve(Stock.class, sku -> 12).ready().join();

            shop.publish("orders.placed", new OrderPlaced("o-17", 3));
            System.out.println("shipped " + shipped.join());

            Stock stock = RpcClient.on(shop).proxy(Stock.class);
            System.out.println(stock.left("sku-1") + " left");

            List<Integer> everywhere = RpcClient.on(shop)
                    .broadcast(Stock.class, other -> other.left("sku-1"))
                    .ask()
                    .orThrow();
            System.out.println(everywhere.size() + " answered");
        }
    }
}
// end::shop
