package dev.omnibus.durable;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The options of one event that is published on a durable topic. Immutable.
 *
 * @param headers additional attributes of the event, as of {@link dev.omnibus.bus.Bus#publish}
 * @param timeout how long the publish is tried; after that it fails, and its outcome may be unknown
 * @param id by which the event is recognised when it is published again, by whomever; see {@link #withId}
 */
public record PublishOptions(Map<String, String> headers, Duration timeout, Optional<String> id) {

    private static final int MAX_ID = 256;
    private static final PublishOptions DEFAULTS =
            new PublishOptions(Map.of(), Duration.ofSeconds(30), Optional.empty());

    /**
     * Checks the values.
     *
     * @param headers additional attributes of the event
     * @param timeout how long the publish is tried
     * @param id by which the event is recognised
     * @throws IllegalArgumentException if the timeout is not positive, or the id is empty, too long or has control
     *     characters
     */
    public PublishOptions {
        headers = Map.copyOf(headers);
        Objects.requireNonNull(timeout, "timeout");
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("timeout is " + timeout + "; it must be positive");
        }
        id.ifPresent(PublishOptions::requireId);
    }

    static void requireId(String id) {
        if (id.isEmpty() || id.length() > MAX_ID || id.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "id is \"" + id + "\"; it must have 1 to " + MAX_ID + " characters, and no control characters");
        }
    }

    /**
     * Returns the defaults: no headers; 30 seconds; no id.
     *
     * @return the defaults
     */
    public static PublishOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Sets the headers.
     *
     * @param attributes additional attributes of the event
     * @return a copy with this option
     */
    public PublishOptions withHeaders(Map<String, String> attributes) {
        return new PublishOptions(attributes, timeout, id);
    }

    /**
     * Sets how long the publish is tried: an append without an answer is repeated until there is one.
     *
     * @param patience how long
     * @return a copy with this option
     * @throws IllegalArgumentException if it is not positive
     */
    public PublishOptions withTimeout(Duration patience) {
        return new PublishOptions(headers, patience, id);
    }

    /**
     * Gives the event an id, for instance that of a row in an outbox. Of all events with this id that are published on
     * the topic within the {@linkplain Retention#withIdWindow window}, by however many processes, the first one is
     * stored, and publishing the others completes with its position. Consumers see it as
     * {@link dev.omnibus.bus.Event#id()}, live subscribers as often as it is published. Of a topic with
     * {@link Partitions}, the id counts together with the key.
     *
     * @param key unique on the topic: 1 to 256 characters, and no control characters
     * @return a copy with this option
     * @throws IllegalArgumentException if it is none
     */
    public PublishOptions withId(String key) {
        return new PublishOptions(headers, timeout, Optional.of(key));
    }
}
