package dev.omnibus.rpc.internal.client;

import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.internal.observe.Observed;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import org.jspecify.annotations.Nullable;

/**
 * The part of a call that notifies its observers. It is a superclass, and no object of its own, so that a call that is
 * observed takes no more memory.
 */
abstract class CallObservation {

    final ClientRuntime client;
    final RemoteMethod method;
    final CallSettings options;
    private final long since;
    private @Nullable Scope scope; // until it has ended; guarded by this
    private volatile int sent; // requests, to however many nodes
    private volatile String lastNode = "";

    /**
     * Begins with what the observers have made of the start.
     *
     * @param scope null if there is nothing to notify
     * @param since when it was
     */
    CallObservation(
            ClientRuntime client, RemoteMethod method, CallSettings options, @Nullable Scope scope, long since) {
        this.client = client;
        this.method = method;
        this.options = options;
        this.scope = scope;
        this.since = since;
    }

    /** The code of the error that was answered last; 0 if none was. */
    abstract int code();

    /** A request is sent to a node. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // by one attempt after the other
    final void sent(String node) {
        lastNode = node;
        sent++;
    }

    /** Notifies the observers that it has ended; without a value, if there is a failure. Only the first end counts. */
    final void ended(@Nullable Throwable failure) {
        if (scope == null) { // and it will not be another one
            return;
        }
        Scope all;
        synchronized (this) {
            all = scope;
            scope = null;
        }
        if (all != null) {
            client.ended(lend(), all, failure, failure == null ? 0 : code());
        }
    }

    /** Notifies the observers that it goes on after a failure, or after a node that had none to tell. */
    final void retried(Reason reason, @Nullable RpcException failure) {
        Scope all;
        synchronized (this) {
            all = scope;
        }
        if (all != null) {
            client.retried(lend(), all, reason, failure, code());
        }
    }

    private Observed lend() {
        Observed lent = client.lend(method, options.headers(), since).attempts(sent);
        lent.sentTo(lastNode);
        return lent;
    }
}
