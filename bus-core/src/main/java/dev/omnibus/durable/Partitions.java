package dev.omnibus.durable;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Function;
import java.util.zip.CRC32;

/**
 * A partitioning: a durable topic consists of several logs, and the key of an event decides which one it is appended
 * to. So events with equal keys stay in order, while a group {@linkplain GroupOptions#withSingleActiveConsumer with
 * single active consumers} has one for each partition, spread over its nodes.
 *
 * <p>The number is fixed when the topic is created: another process that has another one is refused. The key is written
 * into the event, as the attribute {@value #KEY}, by which a group orders what it handles: so the two are always the
 * same. Let every publisher use the same function, or events that belong together come into different partitions.
 * Immutable.
 *
 * @param count how many partitions there are
 * @param key returns the key of an event that is published: not empty, and at most {@value #MAX_KEY} characters
 * @param <T> the type of the payload
 */
public record Partitions<T>(int count, Function<? super T, String> key) {

    /** The attribute of an event that has its key: the extension that CloudEvents has for it. */
    public static final String KEY = "partitionkey";

    /** How many partitions a topic has at most; each of them costs every node of a group a command a second. */
    public static final int MAX = 128;

    /** How many characters a key has at most. */
    public static final int MAX_KEY = 256;

    /**
     * Checks the values.
     *
     * @param count how many partitions there are
     * @param key returns the key of an event
     * @throws IllegalArgumentException if there are none, or too many
     */
    public Partitions {
        if (count < 1 || count > MAX) {
            throw new IllegalArgumentException("count is " + count + "; it must be between 1 and " + MAX);
        }
        Objects.requireNonNull(key, "key");
    }

    /**
     * Returns a partitioning by a key.
     *
     * @param count how many partitions there are, 1 to {@value #MAX}: as many as nodes will ever share the work, as the
     *     number cannot be changed
     * @param key returns the key of an event that is published, such as the customer of an order
     * @param <T> the type of the payload
     * @return the partitioning
     * @throws IllegalArgumentException if the count is out of range
     */
    public static <T> Partitions<T> by(int count, Function<? super T, String> key) {
        return new Partitions<>(count, key);
    }

    /**
     * Returns the partition of a key: CRC-32 of its UTF-8 bytes, modulo the number of partitions.
     *
     * @param text the key
     * @return its partition, from 0
     */
    public int partitionOf(String text) {
        CRC32 hash = new CRC32();
        hash.update(text.getBytes(StandardCharsets.UTF_8));
        return (int) (hash.getValue() % count);
    }
}
