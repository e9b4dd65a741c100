package dev.omnibus.transport;

import java.time.Instant;

/**
 * The position of an entry in a stream: the time at which the server took it, and its sequence among those of the same
 * millisecond. Positions rise within a stream. Both parts are unsigned, as Redis has them. Immutable.
 *
 * @param millis when the entry was appended, in milliseconds of the server's clock since 1970
 * @param sequence which it is among the entries of that millisecond
 */
public record StreamId(long millis, long sequence) implements Comparable<StreamId> {

    /** Before every entry. */
    public static final StreamId EARLIEST = new StreamId(0, 0);

    /** Behind every entry: where a start is asked for, the end of the stream as it is at that moment. */
    public static final StreamId LATEST = new StreamId(-1, -1);

    private static final Instant LAST_TIME = Instant.ofEpochMilli(1L << 52); // what every server can count on exactly

    /**
     * The position just before the entries of a time.
     *
     * @param time on the server's clock
     * @return what to read after, to get the first entry that was appended then or later
     */
    public static StreamId before(Instant time) {
        if (!time.isAfter(Instant.EPOCH)) {
            return EARLIEST;
        }
        long millis = time.isBefore(LAST_TIME) ? time.toEpochMilli() : LAST_TIME.toEpochMilli();
        return new StreamId(millis - 1, Long.MAX_VALUE - 1); // no server counts that far
    }

    /**
     * Reads the form that Redis writes, {@code 1700000000000-0}.
     *
     * @param text two unsigned numbers with a hyphen between them; the second one may be left out if it is 0
     * @return the position
     * @throws IllegalArgumentException if it is none
     */
    public static StreamId parse(String text) {
        int hyphen = text.indexOf('-');
        try {
            return hyphen < 0
                    ? new StreamId(Long.parseUnsignedLong(text), 0)
                    : new StreamId(
                            Long.parseUnsignedLong(text.substring(0, hyphen)),
                            Long.parseUnsignedLong(text.substring(hyphen + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is no position in a stream, which looks like 1700000000000-0", e);
        }
    }

    /**
     * The next position there is, whether or not an entry has it.
     *
     * @return the smallest one behind this
     */
    public StreamId next() {
        boolean last = sequence == -1 || sequence == Long.MAX_VALUE; // no server counts that far
        return last ? new StreamId(millis + 1, 0) : new StreamId(millis, sequence + 1);
    }

    /**
     * When the entry was appended.
     *
     * @return on the server's clock
     */
    public Instant time() {
        return Instant.ofEpochMilli(millis);
    }

    @Override
    public int compareTo(StreamId other) {
        int byTime = Long.compareUnsigned(millis, other.millis);
        return byTime != 0 ? byTime : Long.compareUnsigned(sequence, other.sequence);
    }

    /** As Redis writes it. */
    @Override
    public String toString() {
        return Long.toUnsignedString(millis) + "-" + Long.toUnsignedString(sequence);
    }
}
