package shop;

import dev.omnibus.bus.Bus;
import dev.omnibus.spring.TopicListener;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.stereotype.Component;

/** A cache of prices at each node, which forgets what has changed at any of them. */
@Component
class Prices {

    private static final Map<String, Integer> DATABASE = new ConcurrentHashMap<>(); // what all nodes share

    private final Bus bus;
    private final Map<String, Integer> cache = new ConcurrentHashMap<>();

    Prices(Bus bus) {
        this.bus = bus;
    }

    int of(String sku) {
        return cache.computeIfAbsent(sku, unknown -> DATABASE.getOrDefault(unknown, 0));
    }

    void change(String sku, int price) {
        DATABASE.put(sku, price);
        bus.publish("prices.changed", sku);
    }

    @TopicListener("prices.changed")
    void forget(String sku) {
        cache.remove(sku);
    }
}
