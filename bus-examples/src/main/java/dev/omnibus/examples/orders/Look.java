package dev.omnibus.examples.orders;

import dev.omnibus.bus.Topic;

/**
 * A billing node has begun to look at a large order. An ordinary event: nobody needs to know of it later.
 *
 * @param order the id of the order
 * @param node who looks at it
 */
public record Look(String order, String node) {

    static final Topic<Look> TOPIC = Topic.of("billing.looks", Look.class);
}
