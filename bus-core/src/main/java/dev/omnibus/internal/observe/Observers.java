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

        private @Nullable Scope start(Observed operation) {
            try {
                return observer.start(operation);
            } catch (Throwable e) {
                failed(e);
                return null;
            }
        }

        void notify(Scope scope, BiConsumer<Scope, Observed> what, Observed operation) {
            try {
                what.accept(scope, operation);
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
        return new Observed(this, kind, name, headers, System.nanoTime()).start();
    }

    /**
     * Starts to observe a handler that gets an event on this thread.
     *
     * @param topic the topic or pattern that it is subscribed to
     * @param group its group; empty if it has none
     */
    public Observed start(Event<?> event, String topic, String group) {
        return new Observed(this, Kind.HANDLE, topic, event.headers(), System.nanoTime())
                .event(event, group)
                .start();
    }

    /** Starts an operation with each of them. Null if none has anything more to do. */
    @Nullable
    Scope @Nullable [] scopes(Observed operation) {
        @Nullable Scope @Nullable [] scopes = null;
        for (int i = 0; i < all.length; i++) {
            Scope scope = all[i].start(operation);
            if (scope != null) {
                scopes = scopes == null ? new @Nullable Scope[all.length] : scopes;
                scopes[i] = scope;
            }
        }
        return scopes;
    }

    /** Notifies the scopes that there are; the last one first, as they are nested. */
    void each(@Nullable Scope[] scopes, BiConsumer<Scope, Observed> what, Observed operation) {
        for (int i = scopes.length - 1; i >= 0; i--) {
            Scope scope = scopes[i];
            if (scope != null) {
                all[i].notify(scope, what, operation);
            }
        }
    }
}
