package dev.omnibus.rpc.internal.server;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The place for one suspect: a call whose node has died while it ran. A node runs one at a time, of whatever method, so
 * that it is known which of them has killed it. Thread-safe.
 */
final class SuspectPlace {

    private final AtomicReference<@Nullable Object> user = new AtomicReference<>(); // an intake that asks, or a call

    boolean take(Object next) {
        return user.compareAndSet(null, next);
    }

    /** Gives it to another one. If nobody has it, that one gets it as well. */
    boolean pass(Object from, Object to) {
        return user.compareAndSet(from, to) || take(to);
    }

    /** Does nothing if somebody else has it. */
    void leave(Object last) {
        user.compareAndSet(last, null);
    }
}
