package dev.omnibus.internal.concurrent;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A factory of the executor on which handlers run.
 *
 * <p>From JDK 24 on its threads are virtual by default: before that, a virtual thread that blocks inside
 * {@code synchronized} pins its carrier (JEP 491). Platform threads are started on demand and kept for a few seconds:
 * up to a bound at once, and more of them slowly. A hard limit would let blocked handlers of one subscription hold up
 * all others; the limits are those of the mailboxes, each of which uses a bounded number of threads.
 */
public final class BusThreads {

    private static final int VIRTUAL_SINCE = 21;
    private static final int VIRTUAL_BY_DEFAULT_SINCE = 24;

    /** Platform threads that are started without delay; see {@link WorkerPool}. */
    private static final int AT_ONCE = 256;

    private static final ThreadLocal<Object> OWNER = new ThreadLocal<>();

    private BusThreads() {}

    /** Creates the executor of one bus, with its timer. */
    public static ExecutorService create(Object owner, Timer timer, boolean virtual) {
        return virtual ? virtual(owner) : platform(owner, timer);
    }

    /** Returns whether this JVM has virtual threads. */
    public static boolean canBeVirtual() {
        return Runtime.version().feature() >= VIRTUAL_SINCE;
    }

    /** Returns whether threads are virtual unless the program says otherwise. */
    public static boolean areVirtualByDefault() {
        return Runtime.version().feature() >= VIRTUAL_BY_DEFAULT_SINCE;
    }

    /** Returns whether this is a thread of a bus, which must not wait for the bus to close. */
    public static boolean isOneOf(Object owner) {
        return OWNER.get() == owner || (Thread.currentThread() instanceof Owned owned && owned.owner == owner);
    }

    /** Runs a task on the current thread, which counts as a thread of the bus meanwhile. */
    public static void runAs(Object owner, Runnable task) {
        Object before = null;
        try {
            before = OWNER.get(); // in a new thread this allocates, too
            OWNER.set(owner);
        } catch (OutOfMemoryError e) {
            // better not noted than not run
        }
        try {
            task.run();
        } finally {
            if (before == null) {
                OWNER.remove();
            } else {
                OWNER.set(before);
            }
        }
    }

    /** Lets running tasks finish, and interrupts those that take longer than that. */
    public static void end(ExecutorService executor, Duration patience) {
        executor.shutdown();
        try {
            if (executor.awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        executor.shutdownNow();
    }

    private static ExecutorService platform(Object owner, Timer timer) {
        AtomicInteger number = new AtomicInteger();
        return new WorkerPool(task -> new Owned(owner, task, "omnibus-" + number.incrementAndGet()), AT_ONCE, timer);
    }

    /** Returns an executor on the same threads, for tasks that others may wait for. */
    public static Executor awaited(ExecutorService executor) {
        return executor instanceof WorkerPool workers ? workers.awaited() : executor;
    }

    /**
     * A thread that knows its owner from the start: noting it later might fail for lack of memory, and with it the
     * task.
     */
    private static final class Owned extends Thread {

        private final Object owner;

        Owned(Object owner, Runnable task, String name) {
            super(task, name);
            this.owner = owner;
            setDaemon(true);
        }
    }

    /**
     * {@code Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("omnibus-", 1).factory())}, by reflection, as
     * this is compiled for Java 17.
     */
    private static ExecutorService virtual(Object owner) {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Class<?> type = Class.forName("java.lang.Thread$Builder");
            builder = type.getMethod("name", String.class, long.class).invoke(builder, "omnibus-", 1L);
            ThreadFactory factory = (ThreadFactory) type.getMethod("factory").invoke(builder);
            ThreadFactory owned = task -> factory.newThread(() -> runAs(owner, task));
            Method executor = Executors.class.getMethod("newThreadPerTaskExecutor", ThreadFactory.class);
            return (ExecutorService) executor.invoke(null, owned);
        } catch (NoSuchMethodException
                | ClassNotFoundException
                | IllegalAccessException
                | InvocationTargetException e) {
            throw new IllegalStateException("Java " + Runtime.version() + " lacks the virtual threads of JEP 444", e);
        }
    }
}
