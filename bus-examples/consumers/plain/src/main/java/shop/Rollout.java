package shop;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.testing.RedisServer;
import java.util.concurrent.CompletableFuture;

/** A program of yesterday and one of today, which has a field more, between those that both know. */
public final class Rollout {

    public record Order(String id, int pieces) {}

    public record OrderToday(String id, String colour, int pieces) {}

    @ServiceName("warehouse")
    public interface Warehouse {
        int reserve(Order order);
    }

    @ServiceName("warehouse")
    public interface WarehouseToday {
        int reserve(OrderToday order);
    }

    public static void main(String[] args) {
        try (RedisServer redis = RedisServer.obtain();
                Bus yesterday = Bus.connect(redis.url());
                Bus today = Bus.connect(redis.url())) {
            CompletableFuture<Order> seen = new CompletableFuture<>();
            yesterday
                    .subscribe("orders.placed", Order.class, event -> seen.complete(event.data()))
                    .ready()
                    .join();
            RpcServer.on(yesterday).serve(Warehouse.class, Order::pieces).ready().join();

            today.publish("orders.placed", new OrderToday("o-17", "blue", 3));
            System.out.println("seen " + seen.join());

            WarehouseToday warehouse = RpcClient.on(today).proxy(WarehouseToday.class);
            System.out.println(warehouse.reserve(new OrderToday("o-18", "red", 4)) + " reserved");
        }
    }
}
