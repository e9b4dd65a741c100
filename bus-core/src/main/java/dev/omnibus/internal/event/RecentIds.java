package dev.omnibus.internal.event;

import dev.omnibus.internal.channel.MemoryBudget;
import java.util.Comparator;

/**
 * The ids of the last events that have no number, by which those that come twice are known. Confined to the reader of
 * one channel.
 */
final class RecentIds {

    private static final int WINDOW = 8_192;
    private static final int ENTRY_BYTES = 160;
    private static final Comparator<Key> ORDER =
            Comparator.comparing(Key::source).thenComparing(Key::id);

    private record Key(String source, String id) implements Comparable<Key> {

        int weight() {
            return ENTRY_BYTES + 2 * (source.length() + id.length());
        }

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    private final LruCache<Key, Boolean> seen;

    RecentIds(MemoryBudget budget) {
        seen = new LruCache<>(WINDOW, Key::weight, budget);
    }

    /** False if this event was here already, a short while ago. */
    boolean add(String source, String id) {
        Key key = new Key(source, id);
        if (seen.get(key) != null) {
            return false;
        }
        seen.put(key, true);
        return true;
    }

    void end() {
        seen.end();
    }
}
