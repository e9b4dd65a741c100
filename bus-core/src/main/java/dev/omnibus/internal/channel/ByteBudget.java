package dev.omnibus.internal.channel;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A byte budget that routes share, with a dynamic threshold for each of them.
 *
 * <p>A share may grow to what is still free beside it: one route that is stuck takes half of the budget at most, two
 * take two thirds together, and there is always something left for the others. A route that is the only one may have
 * all of it.
 */
public final class ByteBudget {

    private final long limit;
    private final AtomicLong taken = new AtomicLong();
    private final List<Share> awaited = new CopyOnWriteArrayList<>(); // those that somebody waits for

    ByteBudget(long limit) {
        this.limit = limit;
    }

    long limit() {
        return limit;
    }

    long taken() {
        return taken.get();
    }

    /** Makes all waiting threads check again whether there is room, and whether waiting still makes sense. */
    void wakeAll() {
        if (!awaited.isEmpty()) {
            awaited.forEach(Share::wake);
        }
    }

    /**
     * The share of one route. A thread that finds too few bytes may wait: first come, first served.
     *
     * <p>Waiting threads queue for a fair lock; its holder is woken when bytes are given back. While nobody waits,
     * giving back costs one check.
     */
    final class Share {

        private final boolean whole;
        private final AtomicLong own = new AtomicLong(); // not counted if it may have all of it
        private final ReentrantLock turnstile = new ReentrantLock(true);
        private volatile @Nullable Thread first; // of the waiting threads

        /** A new share; one that may have the whole budget is the only one. */
        Share(boolean whole) {
            this.whole = whole;
        }

        /** Takes bytes, if there are as many for this share, or if all are free. */
        boolean take(long size) {
            long before;
            do {
                before = taken.get();
                long free = limit - before;
                if (before != 0 && (size > free || (!whole && own.get() + size > free))) {
                    return false;
                }
            } while (!taken.compareAndSet(before, before + size)); // or others would see bytes as taken that never are
            count(size);
            return true;
        }

        /** Takes bytes, whether they are there or not. */
        void takeAnyway(long size) {
            taken.addAndGet(size);
            count(size);
        }

        void giveBack(long size) {
            count(-size);
            taken.addAndGet(-size);
            wakeAll();
        }

        private void count(long size) {
            if (!whole) {
                own.addAndGet(size);
            }
        }

        /** What is full, for the sender of a message to a channel. */
        String fill(String channel) {
            return whole
                    ? limit + " bytes wait for Redis"
                    : own.get() + " bytes wait for the server of " + channel + ", and as many at most as are free of "
                            + limit + " for all servers may";
        }

        /** Whether a thread waits, which is to be served before others that could wait. */
        boolean isAwaited() {
            return first != null;
        }

        /** Makes the first waiting thread check again, and when it leaves, the next one. */
        private void wake() {
            Thread waiting = first;
            if (waiting != null && waiting != Thread.currentThread()) {
                LockSupport.unpark(waiting);
            }
        }

        /**
         * Takes bytes, and waits for them if need be.
         *
         * @param nanos how long at most
         * @param worthwhile checked whenever it is woken; false ends the waiting
         * @return false if there were too few in time
         * @throws InterruptedException if the thread is interrupted before there are enough
         */
        boolean await(long size, long nanos, BooleanSupplier worthwhile) throws InterruptedException {
            long end = System.nanoTime() + nanos;
            if (!turnstile.tryLock(nanos, TimeUnit.NANOSECONDS)) {
                return false;
            }
            try {
                first = Thread.currentThread();
                awaited.add(this);
                while (worthwhile.getAsBoolean()) {
                    if (take(size)) {
                        return true;
                    }
                    long rest = end - System.nanoTime();
                    if (rest <= 0) {
                        return false;
                    }
                    if (Thread.interrupted()) {
                        throw new InterruptedException();
                    }
                    LockSupport.parkNanos(this, rest);
                }
                return false;
            } finally {
                awaited.remove(this);
                first = null;
                turnstile.unlock();
            }
        }
    }
}
