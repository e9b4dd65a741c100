package dev.omnibus.bus;

/**
 * The callback of a subscription: handles its events one at a time, in the order in which each publisher sent them, on
 * the bus' executor, unless its {@link SubscribeOptions} say otherwise. It may block; only its own subscription waits
 * for it.
 *
 * @param <T> the type of the payload
 */
@FunctionalInterface
public interface EventHandler<T> {

    /**
     * Handles one event.
     *
     * @param event the event
     * @throws Exception if handling fails; that is counted and reported to the {@link BusListener}, and the next event
     *     is handled
     */
    void handle(Event<T> event) throws Exception;
}
