package dev.omnibus.examples;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.examples.HowToDurable.OrderPlaced;
import dev.omnibus.examples.HowToDurable.Shop;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class HowToDurableTest {

    @Test
    void theListingsOfThePageAboutDurableTopicsDoWhatItSays() {
        Instant begin = Instant.now().minus(Duration.ofMinutes(1));
        List<String> billed = new CopyOnWriteArrayList<>();
        List<Integer> chart = new CopyOnWriteArrayList<>();
        Shop shop = new Shop("sku-1");
        try (Bus bus = Bus.builder(new InMemoryNetwork().open()).build()) {
            DurableTopic<OrderPlaced> orders = HowToDurable.orders(bus);
            HowToDurable.bill(orders, billed).ready().join();
            HowToDurable.ship(orders, shop).ready().join();
            HowToDurable.chart(orders, begin, chart).ready().join();
            HowToDurable.place(orders);
            OrderPlaced second = new OrderPlaced("o-18", "sku-2", 1);
            assertEquals(HowToDurable.placeOnce(orders, second), HowToDurable.placeOnce(orders, second));
            await().until(() -> billed.equals(List.of("o-17", "o-18")) && chart.equals(List.of(3, 1)));
            await().until(() -> orders.deadLetters("shipping").list(1).join().size() == 1);
            assertEquals(Set.of("o-17"), shop.shipped());
            assertTrue(shop.skus().add("sku-2"));
            assertEquals(1, HowToDurable.redeliverUnknownSkus(orders, shop));
            await().until(() -> shop.shipped().equals(Set.of("o-17", "o-18")));
            await().until(() -> HowToDurable.heldUpBy(orders).equals("nobody"));
        }
    }

    @Test
    void theListingOfPartitionsReservesWhatWasOrdered() {
        Map<String, Integer> reserved = new ConcurrentHashMap<>();
        try (Bus bus = Bus.builder(new InMemoryNetwork().open()).build()) {
            DurableTopic<OrderPlaced> orders = HowToDurable.ordersBySku(bus);
            HowToDurable.reserve(orders, reserved).ready().join();
            for (int i = 0; i < 20; i++) {
                orders.publish(new OrderPlaced("o-" + i, "sku-" + i % 2, i)).join();
            }
            HowToDurable.placeSafely(orders, new OrderPlaced("o-20", "sku-0", 0), 1);
            await().until(() -> reserved.equals(Map.of("sku-0", 90, "sku-1", 100)));
        }
    }
}
