package dev.omnibus.internal.durable.log;

/** A running mean of the sizes of entries, so that a read is bounded in bytes. Guarded by its user. */
public final class MeanSize {

    public static final int MAX_READ = 512;
    public static final int MAX_READ_BYTES = 1 << 20;

    private static final int FIRST_READ = 16; // as long as it is not known how large they are
    private static final int MEAN_OF = 8_192;

    private long entries;
    private long bytes;

    public void count(int size) {
        entries++;
        bytes += size;
        if (entries > MEAN_OF) {
            entries /= 2;
            bytes /= 2;
        }
    }

    /** How many to read, of at most so many entries and bytes; at least one. */
    public int read(int places, long room) {
        int most = Math.min(places, MAX_READ);
        if (entries == 0) {
            return Math.min(most, FIRST_READ);
        }
        long fit = Math.min(room, MAX_READ_BYTES) / Math.max(1, bytes / entries);
        return (int) Math.max(1, Math.min(most, fit));
    }
}
