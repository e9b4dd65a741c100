package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Order;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many orders were received, and a fingerprint of them: the sum of their scattered numbers, which is another one if
 * some are missing or came twice, however that adds up. Thread-safe.
 */
final class Received {

    private final AtomicLong count = new AtomicLong();
    private final AtomicLong fingerprint = new AtomicLong();

    /** Returns how many it were with this one. */
    long add(Order order) {
        fingerprint.addAndGet(scattered(order.id()));
        return count.incrementAndGet();
    }

    /** SplitMix64. */
    static long scattered(long number) {
        long mixed = (number + 1) * 0x9e3779b97f4a7c15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }

    long count() {
        return count.get();
    }

    long fingerprint() {
        return fingerprint.get();
    }

    void clear() {
        count.set(0);
        fingerprint.set(0);
    }
}
