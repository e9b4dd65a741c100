package dev.omnibus.internal.concurrent;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How long a virtual thread goes on without letting others run. Its scheduler does not interrupt it: a few mailboxes to
 * which more comes than can be handled would keep all processors for ever.
 *
 * <p>To yield is not enough. The scheduler's threads first do what they have put aside for themselves, which is what
 * has yielded, and look at what comes from outside when that is all; there, among others, stands what the transport has
 * received. Who parks for a moment is put at the end of that queue. Confined to one thread.
 *
 * @see <a href="https://openjdk.org/jeps/444">JEP 444, Scheduling virtual threads</a>
 */
final class TimeSlice {

    private static final long MAX_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int ITEMS_PER_LOOK = 16; // at the clock
    private static final Duration MOMENT = Duration.ofNanos(1);
    private static final MethodHandle IS_VIRTUAL = isVirtualMethod();

    private final DelayedExecutor later;
    private final boolean virtual = isVirtual(Thread.currentThread());
    private int items;
    private long began;

    TimeSlice(DelayedExecutor later) {
        this.later = later;
    }

    /** Called before each item. */
    void letOthers() {
        if (!virtual || items++ % ITEMS_PER_LOOK != 0) {
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

    /** {@code Thread.isVirtual}, compiled for 17. */
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
            throw new IllegalStateException("Java " + Runtime.version() + " does not know its own threads", t);
        }
    }
}
