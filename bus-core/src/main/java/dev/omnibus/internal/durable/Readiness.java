package dev.omnibus.internal.durable;

import dev.omnibus.bus.SubscribeException;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Whether a reader is ready: an outcome that is settled once, by whatever comes first. Thread-safe. */
final class Readiness {

    private final OpenTopic<?> topic;
    private final CompletableFuture<Void> ready = new GuardedFuture<>();
    private boolean settled; // guarded by this

    Readiness(OpenTopic<?> topic) {
        this.topic = topic;
    }

    void ready() {
        settle(null);
    }

    void refused(TransportException why) {
        settle(new SubscribeException(why));
    }

    /** It has ended: if it was not ready until now, it never will be. */
    void ended() {
        String why = "The subscription to the durable topic " + topic.name() + " was closed before it was ready";
        refused(new TransportException(Kind.CLOSED, true, why, null));
    }

    private void settle(@Nullable SubscribeException failure) {
        synchronized (this) {
            if (settled) {
                return;
            }
            settled = true;
        }
        topic.settle(ready, null, failure);
    }

    synchronized boolean isSettled() {
        return settled;
    }

    CompletableFuture<Void> future() {
        return ready.copy();
    }
}
