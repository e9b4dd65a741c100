package dev.omnibus.durable;

import dev.omnibus.bus.Event;
import java.util.concurrent.CompletionStage;

/**
 * The callback of a consumer group whose work goes on after it has returned, otherwise as {@link DeliveryHandler}. The
 * event is acknowledged when the stage completes, and retried if that fails.
 *
 * @param <T> the type of the payload
 */
@FunctionalInterface
public interface AsyncHandler<T> {

    /**
     * Begins to handle one event.
     *
     * @param event the event
     * @param delivery what is known of this delivery, and its other outcomes
     * @return completes when the event is handled. It counts as being handled until then
     * @throws Exception if handling fails
     */
    CompletionStage<?> handle(Event<T> event, Delivery delivery) throws Exception;
}
