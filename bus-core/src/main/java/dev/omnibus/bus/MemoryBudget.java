package dev.omnibus.bus;

import java.util.concurrent.atomic.AtomicLong;

/** A byte budget: what the readers of one bus may remember of those who publish, all together. Thread-safe. */
final class MemoryBudget {

    private final long limit;
    private final AtomicLong taken = new AtomicLong();

    MemoryBudget(long limit) {
        this.limit = limit;
    }

    /** Takes bytes, also more than there are; a negative number gives them back. */
    void take(long bytes) {
        taken.addAndGet(bytes);
    }

    boolean isExceeded() {
        return taken.get() > limit;
    }

    long taken() {
        return taken.get();
    }
}
