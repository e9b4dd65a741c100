package dev.omnibus.internal.concurrent;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A keep-alive: keeps the process alive after the end of {@code main} while one of its buses has external work, which
 * is a subscription or a service. All other threads of a bus are daemons. There is one thread for all buses of the
 * process, and none while no bus has such work. Thread-safe.
 */
public final class KeepAlive {

    private static final Logger LOG = LoggerFactory.getLogger(KeepAlive.class);

    private static final Object LOCK = new Object();
    private static int buses; // that have work; guarded by LOCK, like the next one
    private static @Nullable Thread thread;

    private final boolean wanted;
    private final Set<Object> work = Collections.newSetFromMap(new IdentityHashMap<>()); // guarded by this
    private boolean closed; // guarded by this

    public KeepAlive(boolean wanted) {
        this.wanted = wanted;
    }

    public synchronized void begin(Object one) {
        if (wanted && !closed && work.add(one) && work.size() == 1) {
            hold();
        }
    }

    public synchronized void end(Object one) {
        if (work.remove(one) && work.isEmpty()) {
            letGo();
        }
    }

    /** Stops keeping the process alive for this bus. */
    public synchronized void close() {
        closed = true;
        if (!work.isEmpty()) {
            work.clear();
            letGo();
        }
    }

    private static void hold() {
        synchronized (LOCK) {
            if (buses++ > 0) {
                return;
            }
            Thread waiting = new Thread(null, KeepAlive::await, "omnibus-keep-alive", 0, false);
            waiting.setDaemon(false);
            waiting.setContextClassLoader(null); // the thread may outlive the application that started it
            thread = waiting;
            try {
                waiting.start();
            } catch (OutOfMemoryError e) { // the subscription or service works all the same
                FailureLog.safely(() -> LOG.warn("Could not start the thread that keeps this process alive", e));
            }
        }
    }

    private static void letGo() {
        synchronized (LOCK) {
            if (--buses == 0) {
                LockSupport.unpark(thread);
                thread = null;
            }
        }
    }

    private static void await() {
        while (isAwaited()) {
            LockSupport.park();
            boolean unused = Thread.interrupted(); // else it would not park again
        }
    }

    private static boolean isAwaited() {
        synchronized (LOCK) {
            return thread == Thread.currentThread();
        }
    }
}
