package dev.omnibus.spring.test.shop;

import dev.omnibus.spring.PublishTo;
import dev.omnibus.spring.RpcService;
import dev.omnibus.spring.TopicListener;
import org.springframework.stereotype.Component;

/** What the application consists of: found by its scan. */
final class Shop {

    private Shop() {}

    record OrderPlaced(String id) {}

    record OrderShipped(String id, int left) {}

    interface Stock {
        int left(String id);
    }

    interface Desk {
        String ask(String id);
    }

    @RpcService
    static class ShopDesk implements Desk {
        @Override
        public String ask(String id) {
            return id + " is on its way";
        }
    }

    @Component
    static class Shipping {
        private final Stock stock;

        Shipping(Stock stock) {
            this.stock = stock;
        }

        @TopicListener("orders.placed")
        @PublishTo("orders.shipped")
        OrderShipped ship(OrderPlaced order) {
            return new OrderShipped(order.id(), stock.left(order.id()));
        }
    }

    /** No part of the slice. */
    @Component
    static class Database {
        Database() {
            throw new IllegalStateException("there is none in this test");
        }
    }
}
