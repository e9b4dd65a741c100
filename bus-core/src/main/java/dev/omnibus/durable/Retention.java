package dev.omnibus.durable;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How long the events of a durable topic are kept, and what happens when the limits are reached. Every process must
 * open a topic with the same retention. What a known group has not acknowledged is only ever trimmed by
 * {@link #withMaxAge} or {@link #dropOldestWhenFull()}, and the loss is reported once for each group, by
 * {@link dev.omnibus.bus.BusListener#onLost}. Of a topic with {@link Partitions}, each has an equal share of what the
 * limits allow. Immutable.
 *
 * @param keep how long events are kept after all groups have acknowledged them; zero if they may go at once
 * @param maxAge the age at which events go, acknowledged or not; never unless given
 * @param maxEntries how many events there are at most
 * @param maxBytes how many bytes of events there are at most, as Redis counts its memory, roughly
 * @param dropsOldest whether the oldest events go when the topic is full; else publishing is refused
 * @param idWindow how long the ids of events are remembered that were published with one
 */
public record Retention(
        Duration keep,
        Optional<Duration> maxAge,
        long maxEntries,
        long maxBytes,
        boolean dropsOldest,
        Duration idWindow) {

    /** How long ids are remembered unless {@link #withIdWindow} says otherwise: 10 minutes. */
    public static final Duration DEFAULT_ID_WINDOW = Duration.ofMinutes(10);

    private static final long DEFAULT_ENTRIES = 1_000_000;
    private static final long DEFAULT_BYTES = 1L << 30;
    private static final Duration MAX_AGE = Duration.ofDays(36_500); // a hundred years
    private static final Duration MIN_ID_WINDOW = Duration.ofMinutes(1); // more than a publish is tried
    private static final Duration MAX_ID_WINDOW = Duration.ofDays(7);

    /**
     * Checks the values.
     *
     * @param keep how long events are kept after all groups have acknowledged them
     * @param maxAge the age at which events go
     * @param maxEntries how many events there are at most
     * @param maxBytes how many bytes of events there are at most
     * @param dropsOldest whether the oldest events go when the topic is full
     * @param idWindow how long the ids of events are remembered
     * @throws IllegalArgumentException if one of them is out of its range
     */
    public Retention {
        Objects.requireNonNull(keep, "keep");
        Objects.requireNonNull(maxAge, "maxAge");
        require(
                !keep.isNegative() && keep.compareTo(MAX_AGE) <= 0,
                "keep is " + keep + "; it must not be negative, nor more than " + MAX_AGE);
        require(
                maxAge.isEmpty()
                        || (maxAge.get().compareTo(Duration.ofSeconds(1)) >= 0
                                && maxAge.get().compareTo(keep) >= 0
                                && maxAge.get().compareTo(MAX_AGE) <= 0),
                "maxAge is " + maxAge + "; it must be a second or more, not less than keep, which is " + keep
                        + ", and not more than " + MAX_AGE);
        require(maxEntries >= 1, "maxEntries is " + maxEntries + "; it must be positive");
        require(maxBytes >= 1, "maxBytes is " + maxBytes + "; it must be positive");
        Objects.requireNonNull(idWindow, "idWindow");
        require(
                idWindow.compareTo(MIN_ID_WINDOW) >= 0 && idWindow.compareTo(MAX_ID_WINDOW) <= 0,
                "idWindow is " + idWindow + "; it must be a minute to seven days");
    }

    private static void require(boolean holds, String problem) {
        if (!holds) {
            throw new IllegalArgumentException(problem);
        }
    }

    /**
     * Returns a retention for work: an event goes when all groups have acknowledged it and all named followers are past
     * it. At most 1,000,000 events and 1 GiB; beyond that publishing is refused. As long as there is no group,
     * everything is kept within these limits.
     *
     * @return the retention
     */
    public static Retention untilAcknowledged() {
        return new Retention(Duration.ZERO, Optional.empty(), DEFAULT_ENTRIES, DEFAULT_BYTES, false, DEFAULT_ID_WINDOW);
    }

    /**
     * Returns a retention for replay: an event stays for so many days, and longer if a group has not acknowledged it.
     * At most 1,000,000 events and 1 GiB; beyond that publishing is refused.
     *
     * @param days how many days, 1 to 36,500
     * @return the retention
     * @throws IllegalArgumentException if it is out of range
     */
    public static Retention forDays(int days) {
        require(days >= 1 && days <= MAX_AGE.toDays(), "days is " + days + "; it must be 1 to " + MAX_AGE.toDays());
        return new Retention(
                Duration.ofDays(days), Optional.empty(), DEFAULT_ENTRIES, DEFAULT_BYTES, false, DEFAULT_ID_WINDOW);
    }

    /**
     * Sets the age at which events go even if a group has not acknowledged them, whose loss is reported.
     *
     * @param age by the clock of Redis; a second to 36,500 days
     * @return a copy with this option
     * @throws IllegalArgumentException if it is out of range, or less than events are to be kept
     */
    public Retention withMaxAge(Duration age) {
        return new Retention(keep, Optional.of(age), maxEntries, maxBytes, dropsOldest, idWindow);
    }

    /**
     * Sets how many events there are at most.
     *
     * @param entries how many
     * @return a copy with this option
     * @throws IllegalArgumentException if it is not positive
     */
    public Retention withMaxEntries(long entries) {
        return new Retention(keep, maxAge, entries, maxBytes, dropsOldest, idWindow);
    }

    /**
     * Sets how many bytes of events there are at most.
     *
     * @param bytes how many; Redis measures it by samples, so it is not exact
     * @return a copy with this option
     * @throws IllegalArgumentException if it is not positive
     */
    public Retention withMaxBytes(long bytes) {
        return new Retention(keep, maxAge, maxEntries, bytes, dropsOldest, idWindow);
    }

    /**
     * Lets the oldest events go when the topic is full, acknowledged or not. Otherwise publishing is refused with
     * {@link dev.omnibus.bus.PublishException.Reason#FULL}.
     *
     * @return a copy with this option
     */
    public Retention dropOldestWhenFull() {
        return new Retention(keep, maxAge, maxEntries, maxBytes, true, idWindow);
    }

    /**
     * Sets how long an event's {@linkplain PublishOptions#withId id} is remembered, 10 minutes unless set: within that
     * time, by the clock of Redis, the event is not stored a second time. When more than 1,000,000 others have come
     * after it, an id may be forgotten earlier. Ids take about 100 bytes each, beside what the events take.
     *
     * @param window a minute to seven days
     * @return a copy with this option
     * @throws IllegalArgumentException if it is less or more
     */
    public Retention withIdWindow(Duration window) {
        return new Retention(keep, maxAge, maxEntries, maxBytes, dropsOldest, window);
    }
}
