package dev.omnibus.internal.durable.consume;

import dev.omnibus.bus.Event;
import dev.omnibus.durable.Delivery;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What a handler does. */
@FunctionalInterface
public interface Work<T> {

    /** Handles an event; returns a stage if it is not handled yet. */
    @Nullable
    CompletionStage<?> handle(Event<T> event, Delivery delivery) throws Exception;
}
