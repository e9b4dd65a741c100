package dev.omnibus.internal.event;

import dev.omnibus.internal.channel.MemoryBudget;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * An LRU cache, bounded in entries, and in bytes out of a budget that all caches of a bus share. Confined to one
 * reader.
 */
final class LruCache<K extends Comparable<K>, V> {

    private final Map<K, V> entries = new LinkedHashMap<>(16, 0.75f, true);
    private final int maxEntries;
    private final ToIntFunction<K> weight;
    private final MemoryBudget.Share share;

    /**
     * Creates an empty cache. Keys are comparable, because senders choose them and could make all hash codes collide.
     */
    LruCache(int maxEntries, ToIntFunction<K> weight, MemoryBudget budget) {
        this.maxEntries = maxEntries;
        this.weight = weight;
        this.share = budget.share();
    }

    @Nullable
    V get(K key) {
        return entries.get(key);
    }

    /** Adds an entry, and evicts the least recently used ones to make room for it. */
    void put(K key, V value) {
        if (entries.put(key, value) == null) {
            share.take(weight.applyAsInt(key));
        }
        while (entries.size() > maxEntries || share.isExceeded()) {
            Iterator<K> eldest = entries.keySet().iterator();
            K evicted = eldest.next();
            eldest.remove();
            share.take(-weight.applyAsInt(evicted));
        }
    }

    void removeIf(Predicate<K> which) {
        entries.keySet().removeIf(key -> {
            boolean removed = which.test(key);
            if (removed) {
                share.take(-weight.applyAsInt(key));
            }
            return removed;
        });
    }

    /** Clears it; nothing is added any more. */
    void end() {
        entries.clear();
        share.end();
    }
}
