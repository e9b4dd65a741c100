package dev.omnibus.durable;

import dev.omnibus.bus.PublishException;
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
 * @param replicas how many replicas are to have it before the publish completes
 * @param synced whether it is to be in the append-only file before the publish completes
 */
public record PublishOptions(
        Map<String, String> headers, Duration timeout, Optional<String> id, int replicas, boolean synced) {

    private static final int MAX_ID = 256;
    private static final Duration MAX_TIMEOUT = Duration.ofDays(365);
    private static final int MAX_REPLICAS = 100;
    private static final PublishOptions DEFAULTS =
            new PublishOptions(Map.of(), Duration.ofSeconds(30), Optional.empty(), 0, false);

    /**
     * Checks the values.
     *
     * @param headers additional attributes of the event
     * @param timeout how long the publish is tried
     * @param id by which the event is recognised
     * @param replicas how many replicas are to have it
     * @param synced whether it is to be in the append-only file
     * @throws IllegalArgumentException if the timeout is out of range, the id is empty, too long or has control
     *     characters, or the number of replicas is out of range
     */
    public PublishOptions {
        headers = Map.copyOf(headers);
        Objects.requireNonNull(timeout, "timeout");
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(MAX_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "timeout is " + timeout + "; it must be positive, and at most " + MAX_TIMEOUT);
        }
        id.ifPresent(PublishOptions::requireId);
        if (replicas < 0 || replicas > MAX_REPLICAS) {
            throw new IllegalArgumentException(
                    "replicas is " + replicas + "; it must be between 0 and " + MAX_REPLICAS);
        }
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
        return new PublishOptions(attributes, timeout, id, replicas, synced);
    }

    /**
     * Sets how long the publish is tried: an append without an answer is repeated until there is one.
     *
     * @param patience how long; at most 365 days
     * @return a copy with this option
     * @throws IllegalArgumentException if it is out of range
     */
    public PublishOptions withTimeout(Duration patience) {
        return new PublishOptions(headers, patience, id, replicas, synced);
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
        return new PublishOptions(headers, timeout, Optional.of(key), replicas, synced);
    }

    /**
     * Has the publish complete only when so many replicas have the event, as {@code WAIT} counts them, so that it is
     * not lost if the server is. It is appended and delivered before that. If there are too few of them when the
     * {@linkplain #withTimeout timeout} is over, the publish fails with {@link PublishException.Reason#UNCONFIRMED} and
     * the outcome {@link PublishException.Outcome#APPENDED}. Publishing without it is no slower for that.
     *
     * <p>A replica that has not got it may still become the master, if it is the only one that is left.
     *
     * @param count how many, up to 100; 0 for none
     * @return a copy with this option
     * @throws IllegalArgumentException if it is out of range
     */
    public PublishOptions withReplicas(int count) {
        return new PublishOptions(headers, timeout, id, count, synced);
    }

    /**
     * Has the publish complete only when the event is on the disk of the server, in its append-only file, and in those
     * of the {@linkplain #withReplicas replicas} that were asked for, as {@code WAITAOF} says; otherwise as these. It
     * needs Redis 7.2 or later with {@code appendonly yes}; without it, the publish fails as it does when there are too
     * few replicas, at once.
     *
     * @return a copy with this option
     */
    public PublishOptions withSynced() {
        return new PublishOptions(headers, timeout, id, replicas, true);
    }
}
