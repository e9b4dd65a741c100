package dev.omnibus.rpc.internal.contract;

import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import org.jspecify.annotations.Nullable;

/** A thread-local scope: the call that a thread is serving, which bounds the calls that it makes meanwhile. */
public final class CallScope {

    private static final ThreadLocal<@Nullable CallContext> CURRENT = new ThreadLocal<>();

    private CallScope() {}

    /**
     * The call that this thread is serving.
     *
     * @throws IllegalStateException if it is serving none
     */
    public static CallContext current() {
        CallContext current = CURRENT.get();
        if (current == null) {
            throw new IllegalStateException("This thread is not serving a call; ask for the context inside of a served"
                    + " method, and keep it for what runs elsewhere");
        }
        return current;
    }

    /** The same, or null. */
    public static @Nullable CallContext get() {
        return CURRENT.get();
    }

    /** This thread serves another call from now on, or none. */
    public static void set(@Nullable CallContext call) {
        CURRENT.set(call);
    }

    /** What is left of the time of the call that this thread is serving. */
    public static long nanosLeft(long otherwise) {
        CallContext current = CURRENT.get();
        return current == null ? otherwise : current.timeLeft().toNanos();
    }

    /**
     * The options of a call that is made on this thread, which may be serving one. What its caller may have sent for a
     * trace and no call can have is not passed on.
     */
    public static CallOptions passedOn(CallOptions given) {
        CallContext current = CURRENT.get();
        String trace = current == null ? null : current.headers().get(RpcCodec.TRACE);
        if (trace == null || trace.isEmpty() || trace.length() > RpcCodec.MAX_TEXT_LENGTH) {
            return given;
        }
        return given.headers().containsKey(RpcCodec.TRACE) ? given : given.withHeader(RpcCodec.TRACE, trace);
    }
}
