package dev.omnibus.rpc;

import java.time.Duration;

/**
 * The service's own "no". A service throws it, and the caller catches it with the same code and message. It is the only
 * exception whose text travels; of every other one the caller learns an error id, under which the server has logged it.
 * Immutable.
 */
public final class RpcFault extends RpcException {

    /** What went wrong, as the service defines it. */
    private final int code;

    /**
     * For services.
     *
     * @param code what went wrong, as the service defines it; positive
     * @param message for the caller to read
     * @throws IllegalArgumentException if the code is not positive: the others belong to JSON-RPC
     */
    public RpcFault(int code, String message) {
        this(code, message, "", "", Duration.ZERO);
        if (code <= 0) {
            throw new IllegalArgumentException("The fault code " + code + " must be positive");
        }
    }

    RpcFault(int code, String message, String method, String node, Duration elapsed) {
        super(Reason.FAULT, false, method, node, elapsed, message);
        this.code = code;
    }

    /**
     * What went wrong, as the service defines it.
     *
     * @return a positive number
     */
    public int code() {
        return code;
    }
}
