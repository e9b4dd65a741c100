package dev.omnibus.examples;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DeadLetter;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopicStatus;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.Partitions;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.durable.Retention;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What the page about durable topics shows. Tests run each listing. */
public final class HowToDurable {

    // tag::durable-topic
    record OrderPlaced(String id, String sku, int count) {}

    static final Topic<OrderPlaced> ORDERS = Topic.of("orders.placed", OrderPlaced.class);

    static DurableTopic<OrderPlaced> orders(Bus bus) {
        return DurableTopics.on(bus).topic(ORDERS, Retention.untilAcknowledged().withMaxBytes(1L << 28));
    }
    // end::durable-topic

    private HowToDurable() {}

    // tag::durable-publish
    static Position place(DurableTopic<OrderPlaced> orders) {
        return orders.publish(new OrderPlaced("o-17", "sku-1", 3)).join(); // appended once, whatever had to be retried
    }
    // end::durable-publish

    // tag::durable-publish-id
    static Position placeOnce(DurableTopic<OrderPlaced> orders, OrderPlaced order) {
        return orders.publish(order, PublishOptions.defaults().withId(order.id()))
                .join();
    }
    // end::durable-publish-id

    // tag::durable-confirmed
    static Position placeSafely(DurableTopic<OrderPlaced> orders, OrderPlaced order, int replicas) {
        return orders.publish(order, PublishOptions.defaults().withReplicas(replicas))
                .join(); // when so many replicas have it
    }
    // end::durable-confirmed

    // tag::durable-subscribe
    static Subscription bill(DurableTopic<OrderPlaced> orders, List<String> billed) {
        return orders.subscribe("billing", event -> billed.add(event.data().id()));
    }
    // end::durable-subscribe

    // tag::durable-delivery
    static Subscription ship(DurableTopic<OrderPlaced> orders, Shop shop) {
        GroupOptions options = GroupOptions.defaults()
                .withConcurrency(8)
                .withRetries(5, Duration.ofSeconds(1), Duration.ofMinutes(10));
        return orders.subscribe("shipping", options, (event, delivery) -> {
            OrderPlaced order = event.data();
            if (!shop.skus().contains(order.sku())) {
                delivery.reject("no such sku: " + order.sku()); // a dead letter, at once
            } else if (!shop.open()) {
                delivery.retryLater(Duration.ofMillis(100)); // no failure, and not counted
            } else if (!delivery.mayHaveRun() || !shop.shipped().contains(order.id())) {
                shop.shipped().add(order.id()); // what this throws is retried
            }
        });
    }
    // end::durable-delivery

    /** A shop with its stock. */
    record Shop(Set<String> skus, Set<String> shipped, boolean open) {

        Shop(String... skus) {
            this(ConcurrentHashMap.newKeySet(), ConcurrentHashMap.newKeySet(), true);
            this.skus.addAll(List.of(skus));
        }
    }

    // tag::durable-partitions
    static DurableTopic<OrderPlaced> ordersBySku(Bus bus) {
        Topic<OrderPlaced> topic = Topic.of("orders.by-sku", OrderPlaced.class);
        return DurableTopics.on(bus).topic(topic, Retention.untilAcknowledged(), Partitions.by(8, OrderPlaced::sku));
    }

    static Subscription reserve(DurableTopic<OrderPlaced> orders, Map<String, Integer> reserved) {
        GroupOptions options = GroupOptions.defaults().withConcurrency(8).withSingleActiveConsumer();
        return orders.subscribe("stock", options, (event, delivery) -> {
            OrderPlaced order = event.data();
            reserved.merge(order.sku(), order.count(), Integer::sum); // no other node has this sku, and no other thread
        });
    }
    // end::durable-partitions

    // tag::durable-dead-letters
    static long redeliverUnknownSkus(DurableTopic<OrderPlaced> orders, Shop shop) {
        long redelivered = 0;
        for (DeadLetter<OrderPlaced> letter :
                orders.deadLetters("shipping").list(100).join()) {
            boolean known = letter.event()
                    .map(event -> shop.skus().contains(event.data().sku()))
                    .orElse(false);
            if (known && orders.deadLetters("shipping").redeliver(letter.id()).join()) {
                redelivered++;
            }
        }
        return redelivered;
    }
    // end::durable-dead-letters

    // tag::durable-follow
    static Subscription chart(DurableTopic<OrderPlaced> orders, Instant since, List<Integer> chart) {
        return orders.follow(
                Position.since(since),
                (event, position) -> chart.add(event.data().count()));
    }
    // end::durable-follow

    // tag::durable-status
    static String heldUpBy(DurableTopic<OrderPlaced> orders) {
        DurableTopicStatus status = orders.status().join();
        return status.heldUpBy()
                .map(group -> group.name() + " has not acknowledged an event for "
                        + group.oldest().orElseThrow())
                .orElse("nobody");
    }
    // end::durable-status
}
