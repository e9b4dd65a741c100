package dev.omnibus.rpc.internal.server;

import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.internal.observe.OperationView;
import dev.omnibus.internal.observe.TraceContext;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.CallOutcome;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.contract.CallScope;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.WireBytes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request on the node that serves it, from its arrival to its one answer.
 *
 * <p>The result, a failure, a cancellation and the end of the node compete for the answer: the first one to settle the
 * call gives it. Guarded by its own lock.
 */
public final class ServerCall extends OperationView implements CallContext {

    private static final int SMALL_FRAME = 1_024;

    /** The cost of keeping one, beside the texts of its request. */
    private static final int OVERHEAD = 1_024;

    /** How long one may run that came from a queue, as good as for ever: it expires only as long as it waits. */
    private static final long UNLIMITED_NANOS = Duration.ofDays(30).toNanos();

    /** Where the answer goes of a call that came from a queue. */
    interface Origin {

        /** It has its answer; no reason means a result. */
        void settled(ServerCall call, RpcCodec.Answer answer, @Nullable Reason reason);
    }

    /** When no observer has anything more to do. */
    private static final Scope UNINTERESTED = outcome -> {};

    private enum State {
        WAITING,
        RUNNING,
        SETTLED
    }

    private final ServedMethod method;
    private final ReplySender replies;
    private final @Nullable Origin origin; // null if it came by its channel
    private final long arrived;
    private volatile long deadline;
    private final int size;
    private volatile RpcCodec.Request request; // without its params once they are read
    private volatile boolean cancelled;
    private volatile boolean callerGone;
    private @Nullable Map<String, String> outerTrace; // confined to the thread that runs the method
    private State state = State.WAITING; // written under its lock, like all below
    private @Nullable Thread thread; // which runs the method
    private boolean wasInterrupted; // the thread was interrupted before, which was not meant for the method
    private @Nullable IdempotencyCache cache; // which has it, by its key
    private boolean joined; // waits for another one that runs
    private RequestDeduplicator.@Nullable RequestKey requestKey; // as long as it can be found by it
    private ServerInterceptors.@Nullable Chain chain; // notified of its answer
    private boolean observed; // from when it begins on
    private @Nullable Scope scope; // of its observers, once they have been notified of its start
    private @Nullable Reason failed; // once it is settled, like the next three; null means a result
    private int code;
    private boolean notExecuted;
    private long nanos;
    private List<Runnable> cancelActions = List.of();
    private List<Runnable> goneActions = List.of();

    ServerCall(ServedMethod method, RpcCodec.Request request, ReplySender replies, long arrived, int size) {
        this(method, request, replies, arrived, size, null);
    }

    /** One that came from a queue, if it has an origin. */
    ServerCall(
            ServedMethod method,
            RpcCodec.Request request,
            ReplySender replies,
            long arrived,
            int size,
            @Nullable Origin origin) {
        this.method = method;
        this.request = request;
        this.replies = replies;
        this.origin = origin;
        this.arrived = arrived;
        this.deadline = arrived + Math.max(0, Math.min(request.ttlMillis(), Integer.MAX_VALUE)) * 1_000_000;
        this.size = size;
    }

    /** Whether this thread is serving a call of one of these methods. */
    static boolean isOf(List<ServedMethod> methods) {
        return CallScope.get() instanceof ServerCall current && methods.contains(current.method);
    }

    /** Whether this thread is serving any call. */
    static boolean isCurrent() {
        return CallScope.get() != null;
    }

    /** Null if it came by its channel. */
    @Nullable
    Origin origin() {
        return origin;
    }

    ServedMethod served() {
        return method;
    }

    RpcCodec.Request request() {
        return request;
    }

    int size() {
        return size;
    }

    /** The bytes that are still kept when it has its answer. */
    int keptBytes() {
        RpcCodec.Request kept = request;
        int bytes = OVERHEAD + kept.key().length();
        for (Map.Entry<String, String> header : kept.headers().entrySet()) {
            bytes += 2 * (header.getKey().length() + header.getValue().length());
        }
        return bytes;
    }

    /** Releases the frame with the arguments, once they are read. */
    void releaseParams() {
        if (request.params() != null) {
            request = request.withoutParams();
        }
    }

    /**
     * Releases a frame that is much larger than the call itself, which is about to wait and is counted by its own size.
     */
    void detachFromFrame() {
        Message params = request.params();
        if (params != null && params.bytes().length > 2 * params.length() + SMALL_FRAME) {
            request = request.withParams(WireBytes.detached(params));
        }
    }

    boolean hasExpired() {
        return System.nanoTime() - deadline >= 0;
    }

    /** Begins its execution; false if it was settled before. */
    boolean begin() {
        return begin(null, false);
    }

    /** Begins the execution of one that passes interceptors, and whose observers are to be notified of its start. */
    synchronized boolean begin(ServerInterceptors.@Nullable Chain interceptors, boolean toBeObserved) {
        if (state != State.WAITING) {
            return false;
        }
        state = State.RUNNING;
        chain = interceptors;
        observed = toBeObserved;
        if (origin != null) {
            deadline = System.nanoTime() + UNLIMITED_NANOS;
        }
        return true;
    }

    /** Notifies its observers of its start, on the thread that executes it; null if they have nothing more to do. */
    @Nullable
    Scope observe(Observers observers) {
        Scope begun = observers.start(this);
        boolean settledMeanwhile;
        synchronized (this) {
            scope = begun == null ? UNINTERESTED : begun;
            settledMeanwhile = state == State.SETTLED;
        }
        if (settledMeanwhile && begun != null) {
            observers.end(begun, this);
        }
        return begun;
    }

    /** Whether nothing has been executed for it. */
    synchronized boolean isWaiting() {
        return state == State.WAITING && !joined;
    }

    /** Makes it the current call of this thread until {@link #leave}; returns the one before. */
    @Nullable
    CallContext enter() {
        synchronized (this) {
            thread = Thread.currentThread();
            wasInterrupted = Thread.interrupted();
            if (cancelled) {
                thread.interrupt();
            }
        }
        CallContext outer = CallScope.get();
        CallScope.set(this);
        outerTrace = TraceContext.enter(request.headers());
        return outer;
    }

    /**
     * Ends what {@link #enter} began. An interrupt since then was meant for the method, and not for what this thread
     * does next.
     */
    void leave(@Nullable CallContext outer) {
        CallScope.set(outer);
        TraceContext.leave(outerTrace);
        synchronized (this) {
            thread = null;
            Thread.interrupted();
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The method has really ended; of a call that was cancelled, that is later than the answer. */
    void onMethodEnded() {
        if (request.key().isEmpty()) {
            return; // as most are
        }
        IdempotencyCache known;
        synchronized (this) {
            known = cache;
            cache = null;
        }
        if (known != null) {
            known.onMethodEnded(this);
        }
    }

    /**
     * Gives the answer, unless it has one; no reason means a result. One that is cancelled has its answer before its
     * thread is interrupted: what the method then returns or throws is not taken for it.
     */
    void settle(RpcCodec.Answer answer, @Nullable Reason reason) {
        IdempotencyCache known;
        RequestDeduplicator.RequestKey remembered;
        ServerInterceptors.Chain intercepted;
        Scope observing;
        boolean begun;
        List<Runnable> actions = List.of();
        boolean started;
        synchronized (this) {
            if (state == State.SETTLED) {
                return;
            }
            started = state == State.RUNNING;
            state = State.SETTLED;
            nanos = Math.max(1, System.nanoTime() - arrived);
            failed = reason;
            code = answer.code();
            notExecuted = reason != null && reason != Reason.FAULT && (reason != Reason.CANCELLED || !started);
            if (reason == Reason.CANCELLED) {
                cancelled = true;
                actions = cancelActions;
                if (thread != null) {
                    thread.interrupt();
                }
            }
            known = cache;
            remembered = requestKey;
            requestKey = null;
            intercepted = chain;
            observing = scope;
            begun = observed;
            chain = null;
            cancelActions = List.of();
        }
        releaseParams();
        if (remembered != null) {
            remembered.forget();
        }
        method.meter().ended(nanos, reason);
        replies.send(this, answer, reason);
        if (intercepted != null) {
            intercepted.settled(outcome(reason, answer.code()));
        }
        endObservation(begun, observing);
        if (known != null) {
            boolean ran = reason == null || reason == Reason.FAULT;
            boolean endsLater = started && reason == Reason.CANCELLED;
            known.onSettled(this, answer, ran, endsLater).forEach(other -> other.settle(answer, reason));
        }
        actions.forEach(replies::execute);
    }

    /** Notifies the observers of the answer; also of the start, if it was never executed here. */
    private void endObservation(boolean begun, @Nullable Scope started) {
        Observers observers = replies.observers();
        if (observers == null) {
            return;
        }
        Scope all = started;
        if (!begun) {
            all = observers.start(this);
            if (all != null) {
                observers.leave(all);
            }
        }
        if (all != null && all != UNINTERESTED) { // else it is just being started, and is ended there
            observers.end(all, this);
        }
    }

    /** It can be found by this key until it is settled. */
    synchronized void rememberedAs(RequestDeduplicator.RequestKey key) {
        requestKey = key;
    }

    /**
     * It is in the cache by its key, and runs for all calls with that key, or waits for the one that does; false if it
     * is settled.
     */
    synchronized boolean cachedIn(IdempotencyCache calls, boolean runs) {
        cache = calls;
        joined = !runs;
        return state != State.SETTLED;
    }

    /** Another call waits for it as well, perhaps for longer. */
    synchronized void extendTo(ServerCall other) {
        deadline = Math.max(deadline - arrived, other.deadline - arrived) + arrived;
    }

    /** The caller has cancelled it. What other calls wait for as well goes on. */
    void cancel() {
        IdempotencyCache known;
        synchronized (this) {
            if (state == State.SETTLED) {
                return;
            }
            known = cache;
        }
        if (known == null) {
            stop();
        } else {
            known.abandon(this).forEach(ServerCall::stop);
        }
    }

    /** Stops it; no call waits for it any more. */
    private void stop() {
        boolean started;
        synchronized (this) {
            started = state == State.RUNNING;
        }
        String when = started ? "cancelled while it was executed" : "cancelled before it was started";
        settle(RpcCodec.error(RpcCodec.CANCELLED, when, ""), Reason.CANCELLED);
    }

    /** Its answer had no receiver. */
    void onCallerLost() {
        List<Runnable> actions;
        synchronized (this) {
            callerGone = true;
            actions = goneActions;
            goneActions = List.of();
        }
        actions.forEach(replies::execute);
    }

    /** Whether the program has asked whether the answer reached its caller. */
    synchronized boolean asksForCaller() {
        return !goneActions.isEmpty();
    }

    CallOutcome outcome(@Nullable Reason reason, int code) {
        return new CallOutcome(method.name(), caller(), headers(), elapsed(), Optional.ofNullable(reason), code);
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - arrived);
    }

    @Override
    public String method() {
        return method.name();
    }

    @Override
    public String caller() {
        return request.from();
    }

    @Override
    public Map<String, String> headers() {
        return request.headers();
    }

    @Override
    public Kind kind() {
        return Kind.SERVE;
    }

    @Override
    public String name() {
        return method.name();
    }

    @Override
    public boolean isKnown() {
        return true;
    }

    @Override
    public String peer() {
        return request.from();
    }

    @Override
    public String id() {
        return request.id();
    }

    @Override
    public long elapsedNanos() {
        long taken = nanos;
        return taken == 0 ? System.nanoTime() - arrived : taken;
    }

    @Override
    public String reason() {
        Reason why = failed;
        return why == null ? "" : why.name();
    }

    @Override
    public @Nullable Throwable failure() {
        return null;
    }

    @Override
    public int code() {
        return code;
    }

    @Override
    public boolean isNotExecuted() {
        return notExecuted;
    }

    @Override
    public Duration timeLeft() {
        return Duration.ofNanos(deadline - System.nanoTime());
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    @Override
    public void onCancel(Runnable action) {
        synchronized (this) {
            if (!cancelled) {
                cancelActions = with(cancelActions, action);
                return;
            }
        }
        replies.execute(action);
    }

    @Override
    public boolean callerGone() {
        return callerGone;
    }

    @Override
    public void onCallerGone(Runnable action) {
        synchronized (this) {
            if (!callerGone) {
                goneActions = with(goneActions, action);
                return;
            }
        }
        replies.execute(action);
    }

    private static List<Runnable> with(List<Runnable> actions, Runnable action) {
        List<Runnable> more = new ArrayList<>(actions);
        more.add(action);
        return more;
    }
}
