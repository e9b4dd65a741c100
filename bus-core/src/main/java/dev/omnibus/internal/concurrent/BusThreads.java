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
 * The threads on which handlers run.
 *
 * <p>From JDK 24 on they are virtual: before that, a virtual thread that blocks inside {@code synchronized} holds its
 * carrier (JEP 491). On older ones they are platform threads, made as needed and kept for a few seconds; so many at
 * once, and more of them slowly. An upper limit that never gives way would let blocked handlers of one subscription
 * hold up all others: the limits are those of the mailboxes, each of which asks for a bounded number of threads.
 */
public final class BusThreads {

    private static final int VIRTUAL_SINCE = 24;

    /** Platform threads that are made at once; see {@link WorkerPool}. */
    private static final int AT_ONCE = 256;

    private static final ThreadLocal<Object> OWNER = new ThreadLocal<>();

    private BusThreads() {}

    /** Makes the threads of one bus, whose timer it is. */
    public static ExecutorService create(Object owner, Timer timer) {
        return Runtime.version().feature() >= VIRTUAL_SINCE ? virtual(owner) : platform(owner, timer);
    }

    /** Whether this is one of the threads of a bus, which cannot wait for its own end. */
    public static boolean isOneOf(Object owner) {
        return OWNER.get() == owner || (Thread.currentThread() instanceof Owned owned && owned.owner == owner);
    }

    /** Runs something on a thread that then counts as one of the bus', whoever it belongs to. */
    public static void runAs(Object owner, Runnable task) {
        Object before = null;
        try {
            before = OWNER.get(); // in a new thread this takes memory, too
            OWNER.set(owner);
        } catch (OutOfMemoryError e) {
            // better unnoted than not run
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

    /** Lets what runs finish, and interrupts what takes longer than that. */
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

    /** The same threads, for tasks that end a wait of others, or may do so. */
    public static Executor awaited(ExecutorService executor) {
        return executor instanceof WorkerPool workers ? workers.awaited() : executor;
    }

    /** Knows its owner from the start: to note him might fail for lack of memory, and with it what it was made for. */
    private static final class Owned extends Thread {

        private final Object owner;

        Owned(Object owner, Runnable task, String name) {
            super(task, name);
            this.owner = owner;
            setDaemon(true);
        }
    }

    /**
     * {@code Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("omnibus-", 1).factory())}, compiled for 17.
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
            throw new IllegalStateException("Java " + Runtime.version() + " has no virtual threads as of JEP 444", e);
        }
    }
}
