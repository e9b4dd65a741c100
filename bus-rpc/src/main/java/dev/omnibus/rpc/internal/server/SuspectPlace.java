package dev.omnibus.rpc.internal.server;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A fair lock, the place for one suspect: a call whose node has died while it ran. A node runs one at a time, of
 * whatever method, so that it is known which of them has killed it. Who wants the place gets it in turn; one that has
 * run for ten seconds and killed nobody leaves it to the next. Thread-safe.
 */
final class SuspectPlace {

    /** A call that kills its node does so sooner, most of the time; else all others would wait for a slow one. */
    private static final long MAX_ALONE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final LongSupplier clock; // in ns
    private final Consumer<Runnable> notifier; // not on the caller's thread, which holds locks
    private final Map<Object, Runnable> waiting = new LinkedHashMap<>(); // guarded by this, like all below
    private @Nullable Object user; // an intake that asks for suspects, or a call
    private long since;

    SuspectPlace(LongSupplier clock, Consumer<Runnable> notifier) {
        this.clock = clock;
        this.notifier = notifier;
    }

    /** Whether an intake has it now; else it gets it when it is its turn, and is notified. */
    synchronized boolean take(Object intake, Runnable onTurn) {
        if (user == intake) {
            return true;
        }
        if (user == null) {
            use(intake);
            return true;
        }
        waiting.putIfAbsent(intake, onTurn);
        return false;
    }

    /** Gives it to another one, or takes it for that one if nobody has it. */
    synchronized boolean pass(Object from, Object to) {
        if (user != from && user != null) {
            return false;
        }
        use(to);
        return true;
    }

    /** Wants it no more. */
    synchronized void leave(Object last) {
        waiting.remove(last);
        if (user == last) {
            user = null;
            next();
        }
    }

    /** Gives it to the next one if that has waited for long enough. */
    synchronized void tick() {
        if (user != null && !waiting.isEmpty() && clock.getAsLong() - since >= MAX_ALONE_NANOS) {
            next();
        }
    }

    private void next() {
        Iterator<Map.Entry<Object, Runnable>> all = waiting.entrySet().iterator();
        if (all.hasNext()) {
            Map.Entry<Object, Runnable> first = all.next();
            all.remove();
            use(first.getKey());
            notifier.accept(first.getValue());
        }
    }

    private void use(Object next) {
        waiting.remove(next);
        user = next;
        since = clock.getAsLong();
    }
}
