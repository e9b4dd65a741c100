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
 * <p>A share may grow to what is still free beside it: one route that does not move takes half of the room at most, two
 * take two thirds together, and there is always something left for the others. A route that is the only one may have it
 * all.
 */
public final class ByteBudget {

    private final long limit;
    private final AtomicLong taken = new AtomicLong();
    private final List<Share> awaited = new CopyOnWriteArrayList<>(); // those in front of which somebody waits

    ByteBudget(long limit) {
        this.limit = limit;
    }

    long limit() {
        return limit;
    }

    long taken() {
        return taken.get();
    }

    /** Lets all who wait check again whether there is room, and whether waiting makes sense still. */
    void wakeAll() {
        if (!awaited.isEmpty()) {
            awaited.forEach(Share::wake);
        }
    }

    /**
     * What one route has of it. Who finds too few bytes may wait: first come, first served.
     *
     * <p>Those who wait stand in front of a fair lock; whoever holds it is woken when bytes are given back. While
     * nobody waits, giving back costs one look at who does.
     */
    final class Share {

        private final boolean whole;
        private final AtomicLong own = new AtomicLong(); // not counted if it may have it all
        private final ReentrantLock turnstile = new ReentrantLock(true);
        private volatile @Nullable Thread first; // of those who wait

        /** A new share; one that may have the whole room is the only one. */
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
            } while (!taken.compareAndSet(before, before + size)); // nobody sees as taken what never is
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

        /** What there is too much of, for the sender of a message to a channel. */
        String fill(String channel) {
            return whole
                    ? limit + " bytes wait for Redis"
                    : own.get() + " bytes wait for the server of " + channel + ", and as many at most as are free of "
                            + limit + " for all servers may";
        }

        /** Whether somebody waits, before whom nobody else who could wait should be served. */
        boolean isAwaited() {
            return first != null;
        }

        /** Lets the first of those who wait look again, and if it goes, the next. */
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
         * @param worthwhile looked at when woken; false ends the waiting
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
