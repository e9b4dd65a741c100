package dev.omnibus.examples;

// tag::orders-test
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@WithRedis
class OrdersTest {

    @Test
    void anOrderIsShipped(RedisServer redis) throws Exception {
        try (Bus bus = Bus.builder(redis.url()).prefix("orders-test").build()) {
            CompletableFuture<String> shipped = new CompletableFuture<>();
            bus.subscribe("orders.*", String.class, event -> shipped.complete(event.data()))
                    .ready()
                    .join();

            bus.publish("orders.placed", "o-17");

            assertEquals("o-17", shipped.get(10, TimeUnit.SECONDS));
        }
    }
}
// end::orders-test
