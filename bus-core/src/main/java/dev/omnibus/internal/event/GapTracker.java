package dev.omnibus.internal.event;

import dev.omnibus.internal.channel.MemoryBudget;
import java.util.Comparator;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the numbers of each source on each topic, and so sees what is missing and what came twice.
 *
 * <p>The first event of a source sets the mark, so a subscriber that joins late sees no gap. A publisher that restarts
 * has a new node id and is a new source. The source not heard of for the longest time is forgotten when there are too
 * many; if it comes back, it is new. Confined to the reader of one channel.
 */
final class GapTracker {

    private static final int MAX_SOURCES = 65_536;
    private static final int ENTRY_BYTES = 512; // the entry, its key and its numbers with all holes
    private static final Comparator<Key> ORDER =
            Comparator.comparing(Key::source).thenComparing(Key::topic);

    private record Key(String source, String topic) implements Comparable<Key> {

        int weight() {
            return ENTRY_BYTES + 2 * (source.length() + topic.length());
        }

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    private final LruCache<Key, SequenceRun> runs;
    private @Nullable Key lastKey; // events come in bursts of one source and topic
    private @Nullable SequenceRun lastRun;

    GapTracker(MemoryBudget budget) {
        runs = new LruCache<>(MAX_SOURCES, Key::weight, budget);
    }

    /** The numbers of a source on a topic; none yet if it is new, or forgotten. */
    SequenceRun of(String source, String topic) {
        Key last = lastKey;
        if (last != null
                && lastRun != null
                && last.source().equals(source)
                && last.topic().equals(topic)) {
            return lastRun;
        }
        Key key = new Key(source, topic);
        SequenceRun run = runs.get(key);
        if (run == null) {
            run = new SequenceRun();
            runs.put(key, run);
        }
        lastKey = key;
        lastRun = run;
        return run;
    }

    /** Forgets everything; nothing is asked for any more. */
    void end() {
        runs.end();
        lastKey = null;
        lastRun = null;
    }

    /** Forgets topics: who comes back to one of them is a late joiner. */
    void retain(Predicate<String> topics) {
        runs.removeIf(key -> !topics.test(key.topic()));
        lastKey = null;
        lastRun = null;
    }
}
