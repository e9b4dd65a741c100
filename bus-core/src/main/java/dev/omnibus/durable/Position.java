package dev.omnibus.durable;

import java.time.Instant;
import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A position in the log of a durable topic: the place of one event, as Redis counts it. To start at a position is to
 * begin with the first event <em>after</em> it. Immutable, and ordered as the log is; of a topic with
 * {@link Partitions}, as each partition is, and by time between them.
 *
 * @param millis the time of Redis at which the event was appended, in milliseconds since 1970
 * @param sequence which event of that millisecond it is, from 0
 * @param partition the partition that the event is in; 0 if the topic has none
 */
public record Position(long millis, long sequence, int partition) implements Comparable<Position> {

    /** Before the first event that is kept. */
    public static final Position EARLIEST = new Position(0, 0);

    /** After the last event, whichever that is when it is used: what is appended from then on. */
    public static final Position LATEST = new Position(Long.MAX_VALUE, Long.MAX_VALUE);

    private static final Instant LAST_TIME = Instant.ofEpochMilli(1L << 52); // what every server can count on exactly
    private static final Pattern TEXT = Pattern.compile("(\\d{1,19})-(\\d{1,19})(?:@(\\d{1,9}))?");
    private static final Comparator<Position> ORDER = Comparator.comparingLong(Position::millis)
            .thenComparingLong(Position::sequence)
            .thenComparingInt(Position::partition);

    /**
     * Checks the parts.
     *
     * @param millis the time of Redis in milliseconds
     * @param sequence which event of that millisecond
     * @param partition the partition that the event is in
     * @throws IllegalArgumentException if one is negative
     */
    public Position {
        if (millis < 0 || sequence < 0 || partition < 0) {
            throw new IllegalArgumentException(
                    "A position has no negative parts: " + millis + "-" + sequence + "@" + partition);
        }
    }

    /**
     * A position in a topic without partitions.
     *
     * @param millis the time of Redis in milliseconds
     * @param sequence which event of that millisecond
     * @throws IllegalArgumentException if one is negative
     */
    public Position(long millis, long sequence) {
        this(millis, sequence, 0);
    }

    /**
     * Returns the position before all events that were appended at a time or later, by the clock of Redis.
     *
     * @param time any time
     * @return the position
     */
    public static Position since(Instant time) {
        if (time.isBefore(Instant.EPOCH)) {
            return EARLIEST;
        }
        long millis = time.isBefore(LAST_TIME) ? time.toEpochMilli() : LAST_TIME.toEpochMilli();
        return millis == 0 ? EARLIEST : new Position(millis - 1, Long.MAX_VALUE);
    }

    /**
     * Reads what {@link #toString()} has written.
     *
     * @param text such as {@code 1700000000000-0} or {@code 1700000000000-0@3}
     * @return the position
     * @throws IllegalArgumentException if it is not one
     */
    public static Position parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (parts.matches()) {
            try {
                String partition = parts.group(3);
                return new Position(
                        Long.parseLong(parts.group(1)),
                        Long.parseLong(parts.group(2)),
                        partition == null ? 0 : Integer.parseInt(partition));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("A part of the position \"" + text + "\" is too large", e);
            }
        }
        throw new IllegalArgumentException("\"" + text + "\" is no position; one is like 1700000000000-0");
    }

    /**
     * Returns when the event was appended, by the clock of Redis.
     *
     * @return the time
     */
    public Instant time() {
        return Instant.ofEpochMilli(millis);
    }

    /** Compares the places of two events: the earlier one is less. */
    @Override
    public int compareTo(Position other) {
        return ORDER.compare(this, other);
    }

    /**
     * Returns the form in which Redis writes it, such as {@code 1700000000000-0}; behind the first partition, with its
     * number: {@code 1700000000000-0@3}.
     */
    @Override
    public String toString() {
        return millis + "-" + sequence + (partition == 0 ? "" : "@" + partition);
    }
}
