package dev.omnibus.internal.channel;

/**
 * A compact map from channels to the last sequence numbers that were given on them, for channels without a lane: a
 * numbering goes on where it was, so that nobody who heard of it takes a new event for an old one.
 *
 * <p>Instead of the channel's name there are 64 bits of hash, which makes 16 bytes per channel, 20 to 40 with what is
 * free. It has two generations: when the younger one is full, the older one is forgotten, and whatever is not known
 * then begins above all numbers that were forgotten. Thread-safe.
 */
final class RetiredSequences {

    private static final int MAX_CHANNELS = 1 << 18; // per generation

    private final int max;
    private Generation young = new Generation(); // guarded by this, like all below
    private Generation old = new Generation();
    private long forgotten; // the highest number of all channels that are not known any more

    RetiredSequences() {
        this(MAX_CHANNELS);
    }

    RetiredSequences(int max) {
        this.max = max;
    }

    /** Remembers the last number of a channel. */
    synchronized void put(String channel, long last) {
        if (young.size == max) {
            Generation next = new Generation();
            forgotten = Math.max(forgotten, old.highest());
            old = young;
            young = next;
        }
        young.put(hash(channel), last);
    }

    /** The last number of a channel, or one that is not lower; 0 if there was none. */
    synchronized long last(String channel) {
        if (young.size + old.size == 0) {
            return forgotten;
        }
        long hash = hash(channel);
        long last = young.get(hash);
        last = last == 0 ? old.get(hash) : last;
        return last == 0 ? forgotten : last;
    }

    /** Two names with the same 64 bits do not meet within the life of a process. */
    private static long hash(String channel) {
        long hash = channel.length();
        for (int i = 0; i < channel.length(); i++) {
            hash = (hash ^ channel.charAt(i)) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 29;
        }
        hash = (hash ^ hash >>> 32) * 0xD6E8FEB86659FD93L;
        hash ^= hash >>> 32;
        return hash == 0 ? 1 : hash;
    }

    /** Open addressing: a hash, and behind it the number. */
    private static final class Generation {

        private long[] table = new long[32];
        private int size;

        private int slot(long hash) {
            int mask = table.length - 1;
            int slot = (int) (hash << 1) & mask;
            while (table[slot] != 0 && table[slot] != hash) {
                slot = slot + 2 & mask;
            }
            return slot;
        }

        long get(long hash) {
            return table[slot(hash) + 1]; // 0 behind a free one
        }

        void put(long hash, long last) {
            if (size * 5L >= table.length * 2L) { // four fifths of the pairs
                grow();
            }
            int slot = slot(hash);
            if (table[slot] == 0) {
                table[slot] = hash;
                size++;
            }
            table[slot + 1] = last;
        }

        private void grow() {
            long[] before = table;
            table = new long[before.length * 2]; // where there is no memory, nothing has changed
            for (int i = 0; i < before.length; i += 2) {
                if (before[i] != 0) {
                    int slot = slot(before[i]);
                    table[slot] = before[i];
                    table[slot + 1] = before[i + 1];
                }
            }
        }

        long highest() {
            long highest = 0;
            for (int i = 1; i < table.length; i += 2) {
                highest = Math.max(highest, table[i]);
            }
            return highest;
        }
    }
}
