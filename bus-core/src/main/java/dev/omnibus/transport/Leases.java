package dev.omnibus.transport;

import java.util.Map;
import java.util.Set;

/**
 * The entries of an index at a moment, as far as they differ from what the reader knows.
 *
 * @param version goes up with every entry that comes, goes or says something new; equal to the version that the reader
 *     named if nothing of that has happened, and then the rest is empty
 * @param keys of all entries that stand
 * @param changed what the entries say that came or changed since the reader's version, by key; one of {@code keys} that
 *     is not here says what it said before. An entry that just expired may be in {@code keys} and not here
 */
public record Leases(long version, Set<String> keys, Map<String, byte[]> changed) {

    /**
     * Copies the keys and the map.
     *
     * @param version the version of the index
     * @param keys of all entries that stand
     * @param changed values by key
     */
    public Leases {
        keys = Set.copyOf(keys);
        changed = Map.copyOf(changed);
    }

    /**
     * What is answered when nothing has changed.
     *
     * @param version the version that the reader named
     * @return leases without keys
     */
    public static Leases unchanged(long version) {
        return new Leases(version, Set.of(), Map.of());
    }
}
