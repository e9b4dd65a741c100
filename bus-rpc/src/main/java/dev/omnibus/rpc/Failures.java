package dev.omnibus.rpc;

import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Words every {@link RpcException} in the same way: what was called, where, for how long, and why it failed. */
final class Failures {

    private Failures() {}

    static RpcException of(
            Reason reason,
            boolean notExecuted,
            String method,
            String node,
            Duration elapsed,
            String why,
            @Nullable Throwable cause) {
        String message = "Call " + method + (node.isEmpty() ? "" : " on node " + node) + " failed after "
                + elapsed.toMillis() + " ms: " + why;
        return new RpcException(reason, notExecuted, method, node, elapsed, message, cause);
    }

    /** The request could not be sent. */
    static RpcException notSent(TransportException failure, String method, String node, Duration elapsed) {
        return of(
                reason(failure),
                failure.notSent(),
                method,
                node,
                elapsed,
                String.valueOf(failure.getMessage()),
                failure);
    }

    /** What the caller makes of it that something did not get through. */
    static Reason reason(TransportException failure) {
        return switch (failure.kind()) {
            case CONNECTION_LOST -> Reason.CONNECTION_LOST;
            case REFUSED, TOO_LARGE -> Reason.REFUSED;
            case OUTBOX_FULL -> Reason.OVERLOADED;
            case CLOSED -> Reason.CLOSED;
        };
    }

    /** The node answered with an error. */
    static RpcException answered(RpcCodec.Response reply, String method, Duration elapsed) {
        if (reply.code() > 0) {
            return new RpcFault(reply.code(), reply.message(), method, reply.from(), elapsed);
        }
        Reason reason = switch (reply.code()) {
            case RpcCodec.DEADLINE_PASSED -> Reason.TIMEOUT;
            case RpcCodec.OVERLOADED -> Reason.OVERLOADED;
            case RpcCodec.DRAINING -> Reason.DRAINING;
            case RpcCodec.CANCELLED -> Reason.CANCELLED;
            case RpcCodec.METHOD_NOT_FOUND -> Reason.NO_SERVER;
            case RpcCodec.REFUSED, RpcCodec.INVALID_PARAMS, RpcCodec.INVALID_REQUEST -> Reason.REFUSED;
            default -> Reason.FAULT;
        };
        boolean notExecuted = reason != Reason.FAULT && reason != Reason.CANCELLED;
        return of(reason, notExecuted, method, reply.from(), elapsed, reply.message(), null);
    }
}
