package dev.omnibus.rpc.internal.server;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The place for one suspect: a call whose node has died while it ran. A node runs one at a time, of whatever method, so
 * that it is known which of them has killed it. Thread-safe.
 */
final class SuspectPlace {

    private final AtomicReference<@Nullable QueueIntake> user = new AtomicReference<>();

    boolean take(QueueIntake intake) {
        return user.compareAndSet(null, intake);
    }

    void leave(QueueIntake intake) {
        user.compareAndSet(intake, null);
    }
}
