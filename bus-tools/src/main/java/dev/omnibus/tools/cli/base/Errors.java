package dev.omnibus.tools.cli.base;

import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import java.util.ArrayList;
import java.util.List;

/** What each failure means, and what to do: the table behind {@code omnibus errors}. */
public final class Errors {

    /**
     * One failure.
     *
     * @param name the reason, or what else has an exit code
     * @param exit the exit code
     * @param executed whether a method can have run, or an event can have been published
     * @param meaning what has happened
     * @param remedy what to do
     */
    public record Meaning(String name, int exit, String executed, String meaning, String remedy) {}

    private Errors() {}

    public static List<Meaning> all() {
        List<Meaning> all = new ArrayList<>();
        all.add(new Meaning("BUG", ExitCode.BUG, "perhaps", "a fault of omnibus itself", "report it, with -v"));
        all.add(new Meaning(
                "USAGE", ExitCode.USAGE, "no", "the command line or its JSON is wrong", "read the message"));
        all.add(new Meaning(
                "UNREACHABLE",
                ExitCode.UNREACHABLE,
                "no",
                "Redis does not answer, or refuses the login",
                "check address, user and password"));
        all.add(new Meaning("NOT_SENT", ExitCode.NOT_SENT, "no", "the event was not published", "publish it again"));
        all.add(new Meaning(
                "UNKNOWN",
                ExitCode.FATE_UNKNOWN,
                "perhaps",
                "the event was written and not confirmed",
                "publish it again if twice does no harm"));
        for (Reason reason : Reason.values()) {
            all.add(of(reason));
        }
        all.add(new Meaning(
                "INCOMPLETE",
                ExitCode.INCOMPLETE,
                "yes",
                "not every node has answered a broadcast",
                "look at the nodes that are named as missing"));
        all.add(new Meaning(
                "TOO_FEW",
                ExitCode.TOO_FEW,
                "-",
                "fewer messages came in time, or fewer received them, than were asked for",
                "wait longer, or find out why nothing arrives"));
        all.add(new Meaning("INTERRUPTED", ExitCode.INTERRUPTED, "perhaps", "Ctrl-C", "nothing"));
        return all;
    }

    private static Meaning of(Reason reason) {
        int exit = ExitCode.of(reason);
        return switch (reason) {
            case NO_SERVER ->
                new Meaning(
                        reason.name(),
                        exit,
                        "no",
                        "no node serves the method, or the node that was named is not there",
                        "start a server; check the name with omnibus services");
            case TIMEOUT ->
                new Meaning(
                        reason.name(),
                        exit,
                        "perhaps",
                        "the deadline passed, here or in the queue of the node",
                        "wait longer with --timeout; look for slow calls with omnibus watch calls --slow");
            case OVERLOADED ->
                new Meaning(reason.name(), exit, "no", "the queue of the node is full", "try again; start more nodes");
            case DRAINING ->
                new Meaning(
                        reason.name(),
                        exit,
                        "no",
                        "the node is leaving, and no other serves the method",
                        "start the next server before the last one stops");
            case NODE_LOST ->
                new Meaning(
                        reason.name(),
                        exit,
                        "perhaps",
                        "the node that had the call left or died before it answered",
                        "find out whether it was executed before calling again");
            case CANCELLED -> new Meaning(reason.name(), exit, "perhaps", "the call was cancelled", "nothing");
            case REFUSED ->
                new Meaning(
                        reason.name(),
                        exit,
                        "no",
                        "the arguments do not fit, or the server or Redis does not allow it",
                        "read the message; omnibus describe says what a method takes");
            case FAULT ->
                new Meaning(
                        reason.name(),
                        exit,
                        "yes",
                        "the method threw",
                        "read the message; an error id is in the log of the node");
            case BAD_REPLY ->
                new Meaning(
                        reason.name(),
                        exit,
                        "yes",
                        "the reply is malformed",
                        "look at it with omnibus watch calls --json");
            case CONNECTION_LOST ->
                new Meaning(
                        reason.name(),
                        exit,
                        "perhaps",
                        "the connection to Redis broke meanwhile",
                        "find out whether it was executed before calling again");
            case CLOSED -> new Meaning(reason.name(), exit, "perhaps", "this program was ended", "nothing");
        };
    }

    /** The reason that a code of an error on the wire stands for. */
    public static String nameOf(int code) {
        Reason reason = switch (code) {
            case RpcCodec.METHOD_NOT_FOUND -> Reason.NO_SERVER;
            case RpcCodec.DEADLINE_PASSED -> Reason.TIMEOUT;
            case RpcCodec.OVERLOADED -> Reason.OVERLOADED;
            case RpcCodec.DRAINING -> Reason.DRAINING;
            case RpcCodec.CANCELLED -> Reason.CANCELLED;
            case RpcCodec.NODE_LOST -> Reason.NODE_LOST;
            case RpcCodec.INVALID_REQUEST, RpcCodec.INVALID_PARAMS, RpcCodec.REFUSED, -32700 -> Reason.REFUSED;
            default -> Reason.FAULT;
        };
        return reason == Reason.FAULT ? "FAULT(" + code + ")" : reason.name();
    }
}
