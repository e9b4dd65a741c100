package dev.omnibus.durable;

import java.util.Map;
import java.util.Objects;

/**
 * A row of an outbox: an event that is to be published. Immutable.
 *
 * @param id unique among all rows that the topic ever gets; the id of the event, as {@link PublishOptions#withId} says
 * @param data the payload
 * @param headers additional attributes of the event, as of {@link dev.omnibus.bus.Bus#publish}
 * @param <T> the type of the payload
 */
public record OutboxRow<T>(String id, T data, Map<String, String> headers) {

    /**
     * Checks the id, and copies the headers.
     *
     * @param id as that of an event
     * @param data the payload
     * @param headers additional attributes of the event
     * @throws IllegalArgumentException if the id is none
     */
    public OutboxRow {
        Objects.requireNonNull(data, "data");
        headers = Map.copyOf(headers);
        PublishOptions.requireId(id);
    }

    /**
     * Returns a row without headers.
     *
     * @param id as that of an event
     * @param data the payload
     * @throws IllegalArgumentException if the id is none
     */
    public OutboxRow(String id, T data) {
        this(id, data, Map.of());
    }
}
