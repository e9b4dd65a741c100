package dev.omnibus.durable;

import dev.omnibus.bus.Event;

/**
 * The callback of a consumer group. If it returns, the event is acknowledged; if it throws, the event is retried, and
 * becomes a dead letter in the end. It may block, for hours: an event is taken from a node that has died, never from
 * one that is slow.
 *
 * @param <T> the type of the payload
 */
@FunctionalInterface
public interface DeliveryHandler<T> {

    /**
     * Handles one event.
     *
     * @param event the event
     * @param delivery what is known of this delivery, and its other outcomes
     * @throws Exception if handling fails
     */
    void handle(Event<T> event, Delivery delivery) throws Exception;
}
