package dev.omnibus.durable;

import dev.omnibus.bus.Event;

/**
 * The callback of a follower: gets every event of the log, one at a time and in the order of the log.
 *
 * @param <T> the type of the payload
 */
@FunctionalInterface
public interface FollowHandler<T> {

    /**
     * Handles one event.
     *
     * @param event the event
     * @param position where it is; a follower that starts there goes on with the next one
     * @throws Exception if handling fails; that is reported to the {@link dev.omnibus.bus.BusListener}, and the next
     *     event follows
     */
    void handle(Event<T> event, Position position) throws Exception;
}
