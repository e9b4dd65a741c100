package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.databind.JavaType;
import dev.omnibus.internal.json.TypeNames;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.TransportException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes every {@link RpcException} with a message in the same form: what was called, where, for how long, and why it
 * failed.
 */
public final class RpcFailures {

    private static final int MAX_FOREIGN_LENGTH = 4_096;

    /** Characters that could end a line, control a terminal or change the reading direction. */
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Zl}\\p{Zp}\\u202a-\\u202e\\u2066-\\u2069]");

    private RpcFailures() {}

    public static RpcException of(
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
    public static RpcException notSent(TransportException failure, String method, String node, Duration elapsed) {
        return of(
                reason(failure),
                failure.notSent(),
                method,
                node,
                elapsed,
                String.valueOf(failure.getMessage()),
                failure);
    }

    /** The reason of a call whose request did not get through. */
    public static Reason reason(TransportException failure) {
        return switch (failure.kind()) {
            case CONNECTION_LOST, NOT_READY -> Reason.CONNECTION_LOST;
            case REFUSED, TOO_LARGE, OUT_OF_MEMORY, NO_GROUP, WRONG_TYPE, NOT_ALLOWED -> Reason.REFUSED;
            case OUTBOX_FULL -> Reason.OVERLOADED;
            case CLOSED -> Reason.CLOSED;
        };
    }

    /** The same of anything that a future of the transport failed with. */
    public static Reason reason(Throwable failure) {
        return unwrapped(failure) instanceof TransportException known ? reason(known) : Reason.CONNECTION_LOST;
    }

    /** The nodes that serve a method could not be found: Redis may be away, or refuse to say. */
    public static RpcException unreadable(Throwable failure, String method, Duration elapsed) {
        Throwable cause = unwrapped(failure);
        String why = "the directory of nodes cannot be read: " + cause.getMessage();
        return of(reason(cause), true, method, "", elapsed, why, cause);
    }

    /** The failure of a call whose answer is an error of the protocol; the details of a fault are not read. */
    static RpcException answered(RpcCodec.Response reply, String method, Duration elapsed) {
        if (reply.code() > 0) {
            return Faults.bare(reply, method, elapsed);
        }
        Reason reason = switch (reply.code()) {
            case RpcCodec.DEADLINE_PASSED -> Reason.TIMEOUT;
            case RpcCodec.OVERLOADED -> Reason.OVERLOADED;
            case RpcCodec.DRAINING -> Reason.DRAINING;
            case RpcCodec.CANCELLED -> Reason.CANCELLED;
            case RpcCodec.METHOD_NOT_FOUND -> Reason.NO_SERVER;
            case RpcCodec.NODE_LOST -> Reason.NODE_LOST;
            case RpcCodec.UNREADABLE -> Reason.BAD_REPLY;
            case RpcCodec.REFUSED, RpcCodec.INVALID_PARAMS, RpcCodec.INVALID_REQUEST, RpcCodec.PARSE_ERROR ->
                Reason.REFUSED;
            default -> Reason.FAULT;
        };
        boolean notExecuted = switch (reason) {
            case FAULT, BAD_REPLY, NODE_LOST -> false;
            case CANCELLED -> reply.from().isEmpty(); // in its queue, before any node had it
            default -> true;
        };
        String why = reason == Reason.BAD_REPLY ? "the answer cannot be read: " + reply.message() : reply.message();
        return of(reason, notExecuted, method, reply.from(), elapsed, why, null);
    }

    /** The same failure with a longer message. */
    public static RpcException withDetail(RpcException e, String more) {
        String message = e.getMessage() + more;
        return new RpcException(e.reason(), e.notExecuted(), e.method(), e.node(), e.elapsed(), message, e.getCause());
    }

    /** The failure of the last attempt, when one before it may have been executed. */
    public static RpcException ofLastAttempt(RpcException e) {
        if (!e.notExecuted()) {
            return e;
        }
        String message = e.getMessage() + "; whether an attempt before it was executed is not known";
        return new RpcException(e.reason(), false, e.method(), e.node(), e.elapsed(), message, e.getCause());
    }

    /** Why a result cannot be read. The message of Jackson quotes the result, and is not passed on. */
    public static String misfit(Throwable e, JavaType type) {
        return "the answer is not what the caller expects: it " + TypeNames.misfit(e, type);
    }

    /** A text from outside that may end up in a log: without line breaks and control characters, and not too long. */
    public static String sanitized(String message) {
        String cut = message.length() > MAX_FOREIGN_LENGTH ? message.substring(0, MAX_FOREIGN_LENGTH) + "…" : message;
        return UNPRINTABLE.matcher(cut).replaceAll(" ");
    }

    /** The reason of a failure; empty if there is none. */
    public static Optional<Reason> reasonOf(@Nullable Throwable failure) {
        if (failure == null) {
            return Optional.empty();
        }
        Throwable cause = unwrapped(failure);
        if (cause instanceof CancellationException) {
            return Optional.of(Reason.CANCELLED);
        }
        if (cause instanceof TimeoutException) { // by a limit
            return Optional.of(Reason.TIMEOUT);
        }
        return Optional.of(cause instanceof RpcException e ? e.reason() : Reason.FAULT);
    }

    /** The failure of a stage, without the wrapping that stages add. */
    public static Throwable unwrapped(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }
}
