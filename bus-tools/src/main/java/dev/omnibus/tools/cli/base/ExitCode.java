package dev.omnibus.tools.cli.base;

import dev.omnibus.rpc.RpcException.Reason;

/** The exit codes of {@code omnibus}: scripts depend on them, so they never change their meaning. */
public final class ExitCode {

    public static final int OK = 0;
    /** A fault of this program. */
    public static final int BUG = 1;
    /** What was written on the command line is wrong, or is no JSON. Nothing was sent. */
    public static final int USAGE = 2;
    /** Redis cannot be reached, or refuses the login. */
    public static final int UNREACHABLE = 3;
    /** An event was certainly not published. */
    public static final int NOT_SENT = 4;
    /** It is not known whether an event was published. */
    public static final int FATE_UNKNOWN = 5;

    public static final int REFUSED = of(Reason.REFUSED);
    public static final int CONNECTION_LOST = of(Reason.CONNECTION_LOST);
    /** Somebody has not answered a broadcast. */
    public static final int INCOMPLETE = 76;
    /** Fewer messages came in time, or fewer received them, than were asked for. */
    public static final int TOO_FEW = 77;
    /** Ctrl-C. */
    public static final int INTERRUPTED = 130;

    private ExitCode() {}

    /** That of a failed call. */
    public static int of(Reason reason) {
        return switch (reason) {
            case NO_SERVER -> 65;
            case TIMEOUT -> 66;
            case OVERLOADED -> 67;
            case DRAINING -> 68;
            case NODE_LOST -> 69;
            case CANCELLED -> 70;
            case REFUSED -> 71;
            case FAULT -> 72;
            case BAD_REPLY -> 73;
            case CONNECTION_LOST -> 74;
            case CLOSED -> 75;
        };
    }
}
