package dev.omnibus.durable;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;

/**
 * The options of one event that is published on a durable topic. Immutable.
 *
 * @param headers additional attributes of the event, as of {@link dev.omnibus.bus.Bus#publish}
 * @param timeout how long the publish is tried; after that it fails, and its outcome may be unknown
 */
public record PublishOptions(Map<String, String> headers, Duration timeout) {

    private static final PublishOptions DEFAULTS = new PublishOptions(Map.of(), Duration.ofSeconds(30));

    /**
     * Checks the values.
     *
     * @param headers additional attributes of the event
     * @param timeout how long the publish is tried
     * @throws IllegalArgumentException if the timeout is not positive
     */
    public PublishOptions {
        headers = Map.copyOf(headers);
        Objects.requireNonNull(timeout, "timeout");
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("timeout is " + timeout + "; it must be positive");
        }
    }

    /**
     * Returns the defaults: no headers; 30 seconds.
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
        return new PublishOptions(attributes, timeout);
    }

    /**
     * Sets how long the publish is tried: an append without an answer is repeated until there is one.
     *
     * @param patience how long
     * @return a copy with this option
     * @throws IllegalArgumentException if it is not positive
     */
    public PublishOptions withTimeout(Duration patience) {
        return new PublishOptions(headers, patience);
    }
}
