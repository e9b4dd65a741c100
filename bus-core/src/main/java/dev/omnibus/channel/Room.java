package dev.omnibus.channel;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A number of bytes that is shared out. Who finds too few may wait: first come, first served.
 *
 * <p>Those who wait stand in front of a fair lock; whoever holds it is woken when bytes are given back. While nobody
 * waits, giving back costs one look at who does.
 */
final class Room {

    private final long limit;
    private final AtomicLong taken = new AtomicLong();
    private final ReentrantLock turnstile = new ReentrantLock(true);
    private volatile @Nullable Thread first; // of those who wait

    Room(long limit) {
        this.limit = limit;
    }

    long limit() {
        return limit;
    }

    long taken() {
        return taken.get();
    }

    /** Takes bytes, if there are as many, or if all are free. */
    boolean take(int size) {
        long total = taken.addAndGet(size);
        if (total > limit && total > size) {
            giveBack(size); // who waits may have seen these bytes as taken, though they never were
            return false;
        }
        return true;
    }

    /** Takes bytes, whether they are there or not. */
    void takeAnyway(int size) {
        taken.addAndGet(size);
    }

    void giveBack(long size) {
        taken.addAndGet(-size);
        wake();
    }

    /** Whether somebody waits, before whom nobody else who could wait should be served. */
    boolean isAwaited() {
        return first != null;
    }

    /** Lets the first of those who wait look again, and if it goes, the next. */
    void wake() {
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
    boolean await(int size, long nanos, BooleanSupplier worthwhile) throws InterruptedException {
        long end = System.nanoTime() + nanos;
        if (!turnstile.tryLock(nanos, TimeUnit.NANOSECONDS)) {
            return false;
        }
        try {
            first = Thread.currentThread();
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
            first = null;
            turnstile.unlock();
        }
    }
}
