package dev.omnibus.transport;

import java.time.Duration;
import java.util.List;

/**
 * Ids of entries that are appended together, by which one is recognised whoever appends it again. Immutable.
 *
 * @param each of each entry, in order; none is empty
 * @param window for how long they are remembered at least, on the server's clock, as long as no more than {@link #MAX}
 *     come after them; the same for all users of a stream
 */
public record StreamIds(List<String> each, Duration window) {

    /** How many ids a stream remembers for all of their window; it has at most twice as many. */
    public static final int MAX = 1_000_000;

    /**
     * Checks the ids, and copies the list.
     *
     * @param each of each entry
     * @param window for how long they are remembered
     */
    public StreamIds {
        if (each.contains("") || window.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "An id is not empty, and is remembered for a while: " + each + ", " + window);
        }
        each = List.copyOf(each);
    }
}
