package dev.omnibus.examples.outbox;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Retention;
import java.time.Duration;

/**
 * What the shop tells the others of an order. Immutable.
 *
 * @param id unique
 * @param sku what was ordered
 * @param pieces how many
 */
public record OrderPlaced(String id, String sku, int pieces) {

    // tag::outbox-topic
    static DurableTopic<OrderPlaced> topic(Bus bus) {
        return DurableTopics.on(bus)
                .topic(
                        Topic.of("orders.placed", OrderPlaced.class),
                        Retention.forDays(1).withIdWindow(Duration.ofHours(12)));
    }
    // end::outbox-topic
}
