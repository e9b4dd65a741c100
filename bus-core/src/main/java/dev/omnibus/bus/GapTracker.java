package dev.omnibus.bus;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Remembers the last number of each source on each topic, and so sees what is missing and what came twice.
 *
 * <p>The first event of a source sets the mark, so a subscriber that joins late sees no gap. A publisher that restarts
 * has a new node id and is a new source. Confined to the reader of one channel.
 */
final class GapTracker {

    private static final int SOURCES = 65_536;

    private record Key(String source, String topic) {}

    private final Map<Key, Long> last = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Long> eldest) {
            return size() > SOURCES; // the one not heard of for the longest time; if it comes back, it is new
        }
    };

    /** How many events are missing before this one; -1 if it was here already, or is overtaken. */
    long missingBefore(String source, String topic, long sequence) {
        Key key = new Key(source, topic);
        Long before = last.get(key);
        if (before != null && sequence <= before) {
            return -1;
        }
        last.put(key, sequence);
        return before == null ? 0 : sequence - before - 1;
    }
}
