package dev.omnibus.rpc.internal.contract;

import dev.omnibus.rpc.CallContext;
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
}
