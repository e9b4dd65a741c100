package dev.omnibus.examples.orders;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Retention;

/**
 * An order as the shop publishes it. Immutable.
 *
 * @param id unique
 * @param cents what it costs, in hundredths of its currency
 * @param currency by its code, as {@code EUR}
 */
public record Order(String id, long cents, String currency) {

    private static final Topic<Order> TOPIC = Topic.of("orders.placed", Order.class);

    /** The topic as every process opens it: the orders of a day can be replayed. */
    static DurableTopic<Order> topic(Bus bus) {
        return DurableTopics.on(bus).topic(TOPIC, Retention.forDays(1));
    }
}
