package dev.omnibus.durable;

import dev.omnibus.bus.Event;
import java.time.Instant;
import java.util.Optional;

/**
 * An event that a consumer group has given up, with the reason. Immutable.
 *
 * @param id its place among the dead letters of the group, by which it is redelivered or discarded
 * @param position where the event was in the log
 * @param event the event; empty if it is not one, or its data does not fit the type of the topic
 * @param json the event as it was published
 * @param reason why it was given up
 * @param starts how often a handler was started with it, as far as that was counted
 * @param time when it was given up, by the clock of Redis
 * @param <T> the type of the payload
 */
public record DeadLetter<T>(
        Position id,
        Position position,
        Optional<Event<T>> event,
        String json,
        String reason,
        int starts,
        Instant time) {}
