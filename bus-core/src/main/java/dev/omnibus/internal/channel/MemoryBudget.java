package dev.omnibus.internal.channel;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A byte budget that several caches of what was learned about senders share. When it is used up, each cache may still
 * have a part of a reserve that is as large as the budget. The parts become smaller as it empties. So a flood of one
 * cache takes nothing from the others, and all of them together take twice the budget at most, and 8 KiB each.
 * Thread-safe.
 */
public final class MemoryBudget {

    private static final long MIN_PART = 8L * 1024;
    private static final long MAX_PART = 256L * 1024;
    private static final int PARTS = 64; // of what is left of the reserve

    private final long limit;
    private final AtomicLong taken = new AtomicLong();

    /**
     * Makes a budget of which nothing is taken.
     *
     * @param limit how many bytes there are
     */
    public MemoryBudget(long limit) {
        this.limit = limit;
    }

    /**
     * Adds a cache.
     *
     * @return what it takes its bytes from
     */
    public Share share() {
        return new Share();
    }

    /**
     * What all caches have taken.
     *
     * @return how many bytes
     */
    public long taken() {
        return taken.get();
    }

    /** The share of one cache. Confined to the thread of its cache. */
    public final class Share {

        private long own;

        private Share() {}

        /**
         * Takes bytes, even more than there are.
         *
         * @param bytes how many; a negative number gives them back
         */
        public void take(long bytes) {
            own += bytes;
            taken.addAndGet(bytes);
        }

        /**
         * Whether this cache has more than its part, and must forget something.
         *
         * @return true if so
         */
        public boolean isExceeded() {
            long beyond = taken.get() - limit;
            return beyond > 0 && own > Math.max(MIN_PART, Math.min(MAX_PART, (limit - beyond) / PARTS));
        }

        /** Gives back everything: the cache has ended. */
        public void end() {
            take(-own);
        }
    }
}
