package dev.omnibus.transport;

import java.util.Map;
import java.util.Set;

/**
 * What a reader of an index does not know yet.
 *
 * @param version goes up with every entry that comes, goes or says something new; equal to the version that the reader
 *     named if nothing of that has happened, and then the rest is empty
 * @param all whether {@code changed} has all entries that stand: the reader knew none, or what had changed since then
 *     is not remembered. Else it knows those that are not mentioned already
 * @param changed what the entries say that came or changed, by key
 * @param gone the keys of entries that do not stand any more; perhaps also of some that the reader has never known
 */
public record Leases(long version, boolean all, Map<String, byte[]> changed, Set<String> gone) {

    /** What an entry may say, in bytes: many read it again and again. */
    public static final int MAX_VALUE_BYTES = 1024 * 1024;

    /**
     * Copies the map and the keys.
     *
     * @param version the version of the index
     * @param all whether these are all entries
     * @param changed values by key
     * @param gone keys
     */
    public Leases {
        changed = Map.copyOf(changed);
        gone = Set.copyOf(gone);
    }

    /**
     * Checks an entry before it is written, because nobody would read one that is too large.
     *
     * @param key its name
     * @param value what it says
     * @throws TransportException if it is larger than {@link #MAX_VALUE_BYTES}
     */
    public static void requireReadable(String key, byte[] value) {
        if (value.length > MAX_VALUE_BYTES) {
            String what = "The entry " + key + " has " + value.length + " bytes; it may have " + MAX_VALUE_BYTES;
            throw new TransportException(TransportException.Kind.TOO_LARGE, true, what, null);
        }
    }

    /**
     * What is answered when nothing has changed.
     *
     * @param version the version that the reader named
     * @return leases without entries
     */
    public static Leases unchanged(long version) {
        return new Leases(version, false, Map.of(), Set.of());
    }

    /**
     * What is answered to a reader who knows nothing, or is to forget it.
     *
     * @param version the version of the index
     * @param entries that stand, all of them
     * @return leases of which none is gone
     */
    public static Leases all(long version, Map<String, byte[]> entries) {
        return new Leases(version, true, entries, Set.of());
    }
}
