package dev.omnibus.bus;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A least-recently-used cache, bounded in entries and in bytes. The bytes come out of a budget that all caches of a bus
 * share; each may have a few of its own beyond it, so that whoever floods one topic takes nothing from the others.
 * Confined to one reader.
 */
final class RecentMap<K extends Comparable<K>, V> {

    /** What each cache may have when the budget is used up. */
    static final int OWN_BYTES = 256 * 1024;

    private final Map<K, V> entries = new LinkedHashMap<>(16, 0.75f, true);
    private final int maxEntries;
    private final ToIntFunction<K> weight;
    private final MemoryBudget budget;
    private long bytes;

    /** Makes an empty one. Keys are comparable, because senders choose them and could make all hash codes equal. */
    RecentMap(int maxEntries, ToIntFunction<K> weight, MemoryBudget budget) {
        this.maxEntries = maxEntries;
        this.weight = weight;
        this.budget = budget;
    }

    @Nullable
    V get(K key) {
        return entries.get(key);
    }

    /** Adds an entry; the ones not asked for for the longest time make room for it. */
    void put(K key, V value) {
        if (entries.put(key, value) == null) {
            count(weight.applyAsInt(key));
        }
        while (entries.size() > maxEntries || (bytes > OWN_BYTES && budget.isExceeded())) {
            Iterator<K> eldest = entries.keySet().iterator();
            K forgotten = eldest.next();
            eldest.remove();
            count(-weight.applyAsInt(forgotten));
        }
    }

    void removeIf(Predicate<K> which) {
        entries.keySet().removeIf(key -> {
            boolean removed = which.test(key);
            if (removed) {
                count(-weight.applyAsInt(key));
            }
            return removed;
        });
    }

    private void count(int more) {
        bytes += more;
        budget.take(more);
    }
}
