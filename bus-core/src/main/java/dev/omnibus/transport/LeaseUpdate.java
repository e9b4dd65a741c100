package dev.omnibus.transport;

import java.time.Duration;
import java.util.Map;

/**
 * The difference between an index of leases and the version of it that a reader knows: a delta, or a snapshot of all
 * entries where the reader knows none, or what has changed since its version is not remembered.
 *
 * @param version goes up with every entry that comes, goes or changes its value; equal to the reader's version if
 *     nothing of that has happened, and then the rest is empty
 * @param all whether {@code changed} is a snapshot. Otherwise the entries that are not mentioned are unchanged
 * @param changed the values of entries that came or changed, by key
 * @param gone how long ago it was noticed, at least, that entries have ended, by key; perhaps also of some that the
 *     reader has never known
 */
public record LeaseUpdate(long version, boolean all, Map<String, byte[]> changed, Map<String, Duration> gone) {

    /** The largest value of an entry, in bytes: many read it again and again. */
    public static final int MAX_VALUE_BYTES = 1024 * 1024;

    /**
     * Copies the maps.
     *
     * @param version the version of the index
     * @param all whether these are all entries
     * @param changed values by key
     * @param gone times by key
     */
    public LeaseUpdate {
        changed = Map.copyOf(changed);
        gone = Map.copyOf(gone);
    }

    /**
     * Checks an entry before it is written, because nobody would read one that is too large.
     *
     * @param key its name
     * @param value its value
     * @throws TransportException if it is larger than {@link #MAX_VALUE_BYTES}
     */
    public static void requireReadable(String key, byte[] value) {
        if (value.length > MAX_VALUE_BYTES) {
            String what = "The entry " + key + " has " + value.length + " bytes; it may have " + MAX_VALUE_BYTES;
            throw new TransportException(TransportException.Kind.TOO_LARGE, true, what, null);
        }
    }

    /**
     * The empty update: nothing has changed.
     *
     * @param version the version that the reader named
     * @return an update without entries
     */
    public static LeaseUpdate unchanged(long version) {
        return new LeaseUpdate(version, false, Map.of(), Map.of());
    }

    /**
     * A snapshot, for a reader that knows nothing, or is to forget it.
     *
     * @param version the version of the index
     * @param entries all that stand
     * @return an update that takes the place of all that the reader knew
     */
    public static LeaseUpdate all(long version, Map<String, byte[]> entries) {
        return new LeaseUpdate(version, true, entries, Map.of());
    }
}
