package dev.omnibus.internal.concurrent;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A time slice for virtual threads, whose scheduler does not preempt them: without it, a few overloaded mailboxes would
 * keep all processors forever.
 *
 * <p>Yielding is not enough. The scheduler's threads first run the tasks of their own queues, where a thread that
 * yields is put, and poll the external queue only when those are empty; what the transport has received, among others,
 * waits there. A thread that parks for a moment is put at the end of that external queue. Confined to one thread.
 *
 * @see <a href="https://openjdk.org/jeps/444">JEP 444, Scheduling virtual threads</a>
 */
final class TimeSlice {

    private static final long MAX_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int ITEMS_PER_CHECK = 16; // of the clock
    private static final Duration MOMENT = Duration.ofNanos(1);
    private static final MethodHandle IS_VIRTUAL = isVirtualMethod();

    private final DelayedExecutor later;
    private final boolean virtual = isVirtual(Thread.currentThread());
    private int items;
    private long began;

    TimeSlice(DelayedExecutor later) {
        this.later = later;
    }

    /** Gives way to other threads if the time slice is used up. Called before each item. */
    void letOthers() {
        if (!virtual || items++ % ITEMS_PER_CHECK != 0) {
            return;
        }
        long now = System.nanoTime();
        if (items == 1) {
            began = now;
        } else if (now - began > MAX_NANOS) {
            pause();
            began = System.nanoTime();
        }
    }

    private void pause() {
        try {
            later.pause(MOMENT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Finds {@code Thread.isVirtual} by reflection, as this is compiled for Java 17. */
    private static MethodHandle isVirtualMethod() {
        try {
            MethodType type = MethodType.methodType(boolean.class);
            return MethodHandles.publicLookup().findVirtual(Thread.class, "isVirtual", type);
        } catch (NoSuchMethodException | IllegalAccessException e) { // before 21
            return MethodHandles.dropArguments(MethodHandles.constant(boolean.class, false), 0, Thread.class);
        }
    }

    private static boolean isVirtual(Thread thread) {
        try {
            return (boolean) IS_VIRTUAL.invokeExact(thread);
        } catch (Throwable t) {
            throw new IllegalStateException(
                    "Java " + Runtime.version() + " cannot determine whether a thread is virtual", t);
        }
    }
}
