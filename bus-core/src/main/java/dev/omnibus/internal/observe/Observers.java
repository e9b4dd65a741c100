package dev.omnibus.internal.observe;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.bus.Event;
import dev.omnibus.internal.concurrent.FailureLog;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A guarded composite of the observers of a bus: none of them can harm another one, or what it observes. Thread-safe.
 */
public final class Observers {

    private static final Logger LOG = LoggerFactory.getLogger(BusObserver.class); // which is the name that users know

    /** One of them. */
    private static final class Guarded {

        private final BusObserver observer;
        private final AtomicBoolean logged = new AtomicBoolean();

        Guarded(BusObserver observer) {
            this.observer = observer;
        }

        private @Nullable Scope start(BusObserver.Operation operation) {
            try {
                return observer.start(operation);
            } catch (Throwable e) {
                failed(e);
                return null;
            }
        }

        <T> void notify(Scope scope, BiConsumer<Scope, T> what, T with) {
            try {
                what.accept(scope, with);
            } catch (Throwable e) {
                failed(e);
            }
        }

        private void failed(Throwable e) {
            if (!logged.getAndSet(true)) {
                FailureLog.error(
                        LOG,
                        e,
                        "Observer {} failed; that is logged this once, and changes nothing for what it observes",
                        observer.getClass().getName());
            }
        }
    }

    /** The scopes that there are of several observers; the last one is notified first, as they are nested. */
    private record Several(@Nullable Scope[] scopes) implements Scope {

        @Override
        public void end(BusObserver.Outcome outcome) {
            throw new IllegalStateException("Each has a guard of its own");
        }
    }

    private final Guarded[] all;

    private Observers(List<BusObserver> observers) {
        all = observers.stream().map(Guarded::new).toArray(Guarded[]::new);
    }

    /** Returns the composite; null if there is none, so that nothing is done for nobody. */
    public static @Nullable Observers of(List<BusObserver> observers) {
        return observers.isEmpty() ? null : new Observers(observers);
    }

    /** Notifies all of them that their bus is open. */
    public void opened(Bus bus) {
        for (Guarded one : all) {
            try {
                one.observer.opened(bus);
            } catch (Throwable e) {
                one.failed(e);
            }
        }
    }

    /** Starts to observe something that is sent from this thread. */
    public Observed start(Kind kind, String name, Map<String, String> headers) {
        return new Observed(this, kind, name, headers).start();
    }

    /**
     * Starts to observe a handler that gets an event on this thread.
     *
     * @param topic the topic or pattern that it is subscribed to
     * @param group its group; empty if it has none
     */
    public Observed start(Event<?> event, String topic, String group) {
        return new Observed(this, Kind.HANDLE, topic, event.headers())
                .event(event, group)
                .start();
    }

    /** Starts an operation with each of them; null if none has anything more to do. */
    public @Nullable Scope start(BusObserver.Operation operation) {
        if (all.length == 1) {
            return all[0].start(operation);
        }
        @Nullable Scope[] scopes = new @Nullable Scope[all.length];
        Several several = new Several(scopes); // before any is started, which without memory could not be ended
        boolean any = false;
        for (int i = 0; i < all.length; i++) {
            scopes[i] = all[i].start(operation);
            any |= scopes[i] != null;
        }
        return any ? several : null;
    }

    /** The thread that has started an operation goes on with something else. */
    public void leave(Scope scope) {
        each(scope, (one, all) -> one.leave(), this);
    }

    /** An operation is tried again. */
    public void retried(Scope scope, BusObserver.Outcome attempt) {
        each(scope, Scope::retried, attempt);
    }

    /** An operation has ended. */
    public void end(Scope scope, BusObserver.Outcome outcome) {
        each(scope, Scope::end, outcome);
    }

    private <T> void each(Scope scope, BiConsumer<Scope, T> what, T with) {
        if (!(scope instanceof Several several)) {
            all[0].notify(scope, what, with);
            return;
        }
        for (int i = all.length - 1; i >= 0; i--) {
            Scope one = several.scopes[i];
            if (one != null) {
                all[i].notify(one, what, with);
            }
        }
    }
}
