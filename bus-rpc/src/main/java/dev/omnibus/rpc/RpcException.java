package dev.omnibus.rpc;

import dev.omnibus.bus.BusException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A call ended without a value. {@link #reason()} says why, and {@link #notExecuted()} whether it is certain that the
 * method did not run, so that a second attempt cannot do anything twice. Immutable.
 */
public sealed class RpcException extends BusException permits RpcFault {

    /** Why there is no value. */
    public enum Reason {
        /** No node serves the method. Retry: safe, once somebody does. */
        NO_SERVER,
        /** The deadline passed. Retry: only if idempotent, unless it was not executed. */
        TIMEOUT,
        /** The node, or this client, has too much to do. Retry: safe, a little later. */
        OVERLOADED,
        /** The node is about to leave, and no other one serves the method. Retry: safe. */
        DRAINING,
        /** The node that had the call left or died. Retry: only if idempotent. */
        NODE_LOST,
        /** The caller gave up, or was interrupted. Retry: only if idempotent, unless it was not executed. */
        CANCELLED,
        /** The node refused: it may not be called, or not with these arguments. Retry: no. */
        REFUSED,
        /** The method threw. Retry: as the service defines it. */
        FAULT,
        /** The answer is not what the caller expects; the two sides do not fit. Retry: no. */
        BAD_REPLY,
        /** The link to Redis broke while the answer was awaited. Retry: only if idempotent, unless not executed. */
        CONNECTION_LOST,
        /** This client was closed. Retry: no. */
        CLOSED
    }

    /** Why there is no value. */
    private final Reason reason;

    /** Whether it is certain that the method did not run. */
    private final boolean notExecuted;

    /** What was called. */
    private final String method;

    /** Which node had the call. */
    private final String node;

    /** How long it took. */
    private final Duration elapsed;

    RpcException(Reason reason, boolean notExecuted, String method, String node, Duration elapsed, String message) {
        this(reason, notExecuted, method, node, elapsed, message, null);
    }

    /**
     * For tests of programs that call, and for transports of calls.
     *
     * @param reason why there is no value
     * @param notExecuted whether it is certain that it was not executed
     * @param method the method
     * @param node the node that had the call; empty if none had
     * @param elapsed how long the call took
     * @param message for people to read
     * @param cause what it comes from; null for nothing
     */
    public RpcException(
            Reason reason,
            boolean notExecuted,
            String method,
            String node,
            Duration elapsed,
            String message,
            @Nullable Throwable cause) {
        super(message, cause);
        this.reason = Objects.requireNonNull(reason, "reason");
        this.notExecuted = notExecuted;
        this.method = method;
        this.node = node;
        this.elapsed = Objects.requireNonNull(elapsed, "elapsed");
    }

    /**
     * For interceptors: says no to a call before it is sent or executed.
     *
     * @param message why, for the caller to read
     * @return the exception to throw; its reason is {@code REFUSED}
     */
    public static RpcException refused(String message) {
        return new RpcException(Reason.REFUSED, true, "", "", Duration.ZERO, message);
    }

    /**
     * Why there is no value.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /**
     * Whether it is certain that the method did not run.
     *
     * @return true if certain; false if it ran or may have run
     */
    public boolean notExecuted() {
        return notExecuted;
    }

    /**
     * What was called.
     *
     * @return {@code service.method}; empty on a fault that has not travelled yet
     */
    public String method() {
        return method;
    }

    /**
     * Which node had the call.
     *
     * @return its id; empty if none had it
     */
    public String node() {
        return node;
    }

    /**
     * How long the call took until then.
     *
     * @return the time since the call began
     */
    public Duration elapsed() {
        return elapsed;
    }
}
