package dev.omnibus.tools.cli.base;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.ConnectionException;
import dev.omnibus.bus.PublishException;
import dev.omnibus.bus.SubscribeException;
import dev.omnibus.durable.DurableTopicException;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.transport.TransportException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Translates what commands throw: into an exit code, a line for people, and with {@code --json} an object. */
public final class Failures {

    /** What was written on the command line is wrong. */
    public static final class UsageException extends RuntimeException {

        public UsageException(String message) {
            super(message);
        }

        public UsageException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Redis cannot be reached by plain commands. */
    static final class UnreachableException extends RuntimeException {

        UnreachableException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private Failures() {}

    public static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure.getCause();
        boolean wrapped = failure instanceof CompletionException || failure instanceof ExecutionException;
        return wrapped && cause != null ? unwrapped(cause) : failure;
    }

    /** Says it, and returns the exit code. */
    static int report(Throwable thrown, Output out, boolean verbose) {
        Throwable failure = unwrapped(thrown);
        if (failure instanceof Output.PipeClosed) {
            return ExitCode.OK;
        }
        if (failure instanceof InterruptedException) {
            return ExitCode.INTERRUPTED;
        }
        int code = code(failure);
        ObjectNode object = object(failure, code);
        if (out.isJson()) {
            out.line(Output.compact(object));
        }
        String message = object.path("message").asText();
        out.problem(out.alarming("omnibus: " + message) + hint(failure, code));
        if (verbose || code == ExitCode.BUG) {
            StringBuilder trace = new StringBuilder(failure.toString());
            for (StackTraceElement element : failure.getStackTrace()) {
                trace.append("\n    at ").append(element);
            }
            out.problem(trace.toString());
        }
        return code;
    }

    /** The exit code of a failure. */
    public static int code(Throwable failure) {
        if (failure instanceof RpcException call) {
            return ExitCode.of(call.reason());
        }
        if (failure instanceof PublishException publish) {
            return publish.outcome() == PublishException.Outcome.NOT_SENT ? ExitCode.NOT_SENT : ExitCode.FATE_UNKNOWN;
        }
        if (failure instanceof ConnectionException || failure instanceof UnreachableException) {
            return ExitCode.UNREACHABLE;
        }
        if (failure instanceof SubscribeException || failure instanceof DurableTopicException) {
            return ExitCode.REFUSED;
        }
        if (failure instanceof TransportException transport) {
            return switch (transport.kind()) {
                case CONNECTION_LOST, NOT_READY -> ExitCode.CONNECTION_LOST;
                default -> ExitCode.REFUSED;
            };
        }
        boolean wrong = failure instanceof UsageException
                || failure instanceof IllegalArgumentException
                || failure instanceof UncheckedIOException;
        return wrong ? ExitCode.USAGE : ExitCode.BUG;
    }

    static ObjectNode object(Throwable failure, int code) {
        ObjectNode object = Output.object().put("ok", false);
        if (failure instanceof RpcException call) {
            object.put("reason", call.reason().name())
                    .put("notExecuted", call.notExecuted())
                    .put("method", call.method())
                    .put("node", call.node())
                    .put("elapsedMs", call.elapsed().toMillis());
        } else {
            object.put("reason", name(failure, code));
        }
        if (failure instanceof RpcFault fault) {
            object.put("code", fault.code()).put("type", fault.type());
            if (!fault.details().isMissingNode()) {
                object.set("details", fault.details());
            }
        }
        return object.put("exit", code).put("message", message(failure, code));
    }

    private static String name(Throwable failure, int code) {
        if (failure instanceof PublishException publish) {
            return publish.reason().name();
        }
        if (failure instanceof ConnectionException connect) {
            return connect.reason().name();
        }
        return switch (code) {
            case ExitCode.USAGE -> "USAGE";
            case ExitCode.BUG -> "BUG";
            case ExitCode.UNREACHABLE -> "UNREACHABLE";
            default -> code == ExitCode.REFUSED ? "REFUSED" : "CONNECTION_LOST";
        };
    }

    private static String message(Throwable failure, int code) {
        String message = failure.getMessage();
        return code == ExitCode.BUG || message == null ? "a fault of omnibus itself: " + failure : message;
    }

    private static String hint(Throwable failure, int code) {
        return failure instanceof RpcException call
                ? "\nomnibus: exit code " + code + "; omnibus errors " + call.reason() + " says what to do"
                : "";
    }
}
