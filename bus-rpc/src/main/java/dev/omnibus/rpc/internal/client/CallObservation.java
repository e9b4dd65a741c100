package dev.omnibus.rpc.internal.client;

import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.internal.observe.OperationCopy;
import dev.omnibus.internal.observe.OperationView;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The part of a call that its observers see, and that notifies them. */
abstract class CallObservation extends OperationView {

    final ClientRuntime client;
    final RemoteMethod method;
    private final long started = System.nanoTime();
    private Map<String, String> headers = Map.of();
    private boolean starting; // by the thread that calls
    private @Nullable Scope scope; // until it has ended; guarded by this
    private long nanos; // that it has taken; 0 until it has ended
    private @Nullable Throwable failure;
    private volatile int sent; // requests, to however many nodes
    private volatile String lastNode = "";

    CallObservation(ClientRuntime client, RemoteMethod method) {
        this.client = client;
        this.method = method;
    }

    /** Notifies the observers of its start, on the thread that calls; null if they have nothing more to do. */
    final @Nullable Scope observe(Observers observers, Map<String, String> passedOn) {
        headers = passedOn;
        starting = true;
        try {
            scope = observers.start(this);
        } finally {
            starting = false;
        }
        return scope;
    }

    /** It is sent with these headers, in place of those that it was started with. */
    final void sentWith(Map<String, String> used) {
        headers = used;
    }

    /** A request is sent to a node. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // by one attempt after the other
    final void sent(String node) {
        lastNode = node;
        sent++;
    }

    /** Notifies the observers that it has ended; without a value, if there is a failure. Only the first end counts. */
    final void ended(@Nullable Throwable why) {
        if (scope == null) { // and it will not be another one
            return;
        }
        Scope all;
        synchronized (this) {
            all = scope;
            scope = null;
        }
        if (all != null) {
            failure = why == null ? null : RpcFailures.unwrapped(why);
            nanos = Math.max(1, System.nanoTime() - started);
            observers().end(all, why == null ? this : copy()); // an attempt may still be under way
        }
    }

    /** Notifies the observers that it goes on after a failure, or after a node that had none to tell. */
    final void retried(Reason reason, @Nullable RpcException attempt) {
        Scope all;
        synchronized (this) {
            all = scope;
        }
        if (all != null) {
            boolean notExecuted = attempt == null || attempt.notExecuted();
            observers().retried(all, OperationCopy.of(this, reason.name(), attempt, code(), notExecuted));
        }
    }

    private Observers observers() {
        return Objects.requireNonNull(client.observers(), "a scope is theirs");
    }

    @Override
    protected final boolean isWritable() {
        return starting;
    }

    @Override
    protected final void replaceHeaders(Map<String, String> others) {
        headers = others;
    }

    @Override
    public final Kind kind() {
        return Kind.CALL;
    }

    @Override
    public final String name() {
        return method.name();
    }

    @Override
    public final boolean isKnown() {
        return method.ofContract() || client.isServed(method.name());
    }

    @Override
    public final String peer() {
        return lastNode;
    }

    @Override
    public final String id() {
        return "";
    }

    @Override
    public final Map<String, String> headers() {
        return headers;
    }

    @Override
    public final long elapsedNanos() {
        long taken = nanos;
        return taken == 0 ? System.nanoTime() - started : taken;
    }

    @Override
    public final String reason() {
        return ClientRuntime.reasonOf(failure);
    }

    @Override
    public final @Nullable Throwable failure() {
        return failure;
    }

    @Override
    public final boolean isNotExecuted() {
        return failure instanceof RpcException e && e.notExecuted();
    }

    @Override
    public final int attempts() {
        return sent;
    }
}
