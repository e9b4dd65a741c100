package dev.omnibus.transport;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;

/**
 * The settings of a stream, which its first user writes and all others find: how much it holds, and for how long.
 * Immutable.
 *
 * @param maxEntries how many entries it holds at most; always bounded
 * @param maxBytes how much memory it takes at most, as the server estimates it; always bounded
 * @param keep how long entries stay at least, for replay, if there is room for them; zero if they go as soon as every
 *     group has acknowledged them
 * @param maxAge the age at which entries go even if a group has not acknowledged them, whose loss is reported; empty if
 *     they wait for ever
 * @param whenFull what happens when a limit is reached by entries that are not acknowledged
 * @param options what else all users have to agree on; the transport only stores it
 */
public record StreamSettings(
        long maxEntries,
        long maxBytes,
        Duration keep,
        Optional<Duration> maxAge,
        WhenFull whenFull,
        Map<String, String> options) {

    /** What happens at a hard limit. */
    public enum WhenFull {
        /** Nothing more is appended until there is room. */
        REFUSE,
        /** The oldest entries go, and the loss of each group that has not acknowledged them is reported. */
        DROP_OLDEST
    }

    private static final long MAX_NUMBER = 1L << 52; // what every server can count on exactly

    /**
     * Checks the limits, rounds them to what a server stores, and copies the options.
     *
     * @param maxEntries at least 1
     * @param maxBytes at least 1
     * @param keep not negative; in whole milliseconds
     * @param maxAge at least a millisecond, if there is one; in whole milliseconds
     * @param whenFull what happens at a limit
     * @param options their names are chosen by the caller
     */
    public StreamSettings {
        if (maxEntries < 1 || maxBytes < 1) {
            throw new IllegalArgumentException(
                    "A stream holds at least 1 entry and 1 byte, not " + maxEntries + " and " + maxBytes);
        }
        if (keep.isNegative()
                || maxAge.filter(age -> age.compareTo(Duration.ofMillis(1)) < 0).isPresent()) {
            throw new IllegalArgumentException("Entries cannot be kept for less than no time: " + keep + ", " + maxAge);
        }
        maxEntries = Math.min(maxEntries, MAX_NUMBER);
        maxBytes = Math.min(maxBytes, MAX_NUMBER);
        keep = rounded(keep);
        maxAge = maxAge.map(StreamSettings::rounded);
        options = Map.copyOf(options);
    }

    private static Duration rounded(Duration duration) {
        Duration longest = Duration.ofMillis(MAX_NUMBER);
        return duration.compareTo(longest) > 0 ? longest : duration.truncatedTo(ChronoUnit.MILLIS);
    }
}
