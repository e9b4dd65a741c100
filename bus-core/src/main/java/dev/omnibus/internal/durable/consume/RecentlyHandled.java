package dev.omnibus.internal.durable.consume;

import dev.omnibus.bus.Event;
import java.util.Arrays;

/**
 * The last events that were handled, by their names. Each is added, and hardly ever is one looked for: so there is a
 * ring, which is searched from one end to the other, and no table. Not thread-safe.
 */
public final class RecentlyHandled {

    static final int MAX = 8_192;
    private static final int FIRST = 16;

    private String[] sources = new String[FIRST];
    private String[] ids = new String[FIRST];
    private long[] sequences = new long[FIRST];
    private int size;
    private int next;

    /** Adds one; the oldest goes if there are too many. */
    void add(Event<?> event) {
        if (next == sequences.length && next < MAX) {
            sources = Arrays.copyOf(sources, 2 * next);
            ids = Arrays.copyOf(ids, 2 * next);
            sequences = Arrays.copyOf(sequences, 2 * next);
        }
        next %= MAX;
        sources[next] = event.source();
        ids[next] = event.id();
        sequences[next] = event.sequence();
        next++;
        size = Math.max(size, next);
    }

    /** With its sequence, as its id may be one that the program has given, and equal to one that it has not. */
    boolean contains(Event<?> event) {
        for (int i = 0; i < size; i++) {
            if (sequences[i] == event.sequence() && ids[i].equals(event.id()) && sources[i].equals(event.source())) {
                return true;
            }
        }
        return false;
    }
}
