package dev.omnibus.bus;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the last number of each source on each topic, and so sees what is missing and what came twice.
 *
 * <p>The first event of a source sets the mark, so a subscriber that joins late sees no gap. A publisher that restarts
 * has a new node id and is a new source. Confined to the reader of one channel.
 */
final class GapTracker {

    private static final int SOURCES = 65_536;

    private record Key(String source, String topic) {}

    private static final class Count {
        private long last;
    }

    private final Map<Key, Count> counts = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Count> eldest) {
            return size() > SOURCES; // the one not heard of for the longest time; if it comes back, it is new
        }
    };
    private @Nullable Key lastKey; // events come in bursts of one source and topic
    private @Nullable Count lastCount;

    /** How many events are missing before this one; -1 if it was here already, or is overtaken. */
    long missingBefore(String source, String topic, long sequence) {
        Count count = count(source, topic);
        if (count == null) {
            start(source, topic, sequence);
            return 0;
        }
        if (sequence <= count.last) {
            return -1;
        }
        long missing = sequence - count.last - 1;
        count.last = sequence;
        return missing;
    }

    /** How many events are missing behind the last one, if its source says that it has counted so far. */
    long missingUpTo(String source, String topic, long sequence) {
        Count count = count(source, topic);
        if (count == null) {
            start(source, topic, sequence); // who comes late cannot know what was before
            return 0;
        }
        long missing = Math.max(0, sequence - count.last);
        count.last += missing;
        return missing;
    }

    private @Nullable Count count(String source, String topic) {
        if (lastKey != null
                && lastKey.source().equals(source)
                && lastKey.topic().equals(topic)) {
            return lastCount;
        }
        Key key = new Key(source, topic);
        Count count = counts.get(key);
        if (count != null) {
            lastKey = key;
            lastCount = count;
        }
        return count;
    }

    private void start(String source, String topic, long sequence) {
        Count count = new Count();
        count.last = sequence;
        lastKey = new Key(source, topic); // and no older one, which the map would take for one not heard of
        lastCount = count;
        counts.put(lastKey, count);
    }

    /** Forgets topics: who comes back to one of them is a late joiner. */
    void retain(Predicate<String> topics) {
        counts.keySet().removeIf(key -> !topics.test(key.topic()));
        lastKey = null;
        lastCount = null;
    }
}
