package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.time.Duration;
import java.util.Objects;

/**
 * The service's own "no". A service throws it, and the caller catches it with the same code, type, message and details.
 * Besides the exceptions that a contract declares, it is the only one whose text travels; of every other one the caller
 * learns an error id, under which the server has logged it. Immutable.
 */
public final class RpcFault extends RpcException {

    /** What went wrong, as the service defines it. */
    private final int code;

    /** The same as a word. */
    private final String type;

    /** What else there is to say. */
    private final JsonNode details;

    /**
     * For services.
     *
     * @param code what went wrong, as the service defines it; positive
     * @param message for the caller to read
     * @throws IllegalArgumentException if the code is not positive: the others belong to JSON-RPC
     */
    public RpcFault(int code, String message) {
        this(code, "", message, MissingNode.getInstance());
    }

    /**
     * For services that say more.
     *
     * @param code what went wrong, as the service defines it; positive
     * @param type the same as a word, such as {@code sold-out}; empty for none
     * @param message for the caller to read
     * @param details what a program may want to know; a {@link MissingNode} for nothing
     * @throws IllegalArgumentException if the code is not positive: the others belong to JSON-RPC
     */
    public RpcFault(int code, String type, String message, JsonNode details) {
        this(code, type, message, details, "", "", Duration.ZERO);
    }

    /**
     * For tests of programs that call, and for transports of calls: as it arrives.
     *
     * @param code what went wrong
     * @param type the same as a word; empty for none
     * @param message for the caller to read
     * @param details what a program may want to know; a {@link MissingNode} for nothing
     * @param method the method
     * @param node the node that has answered
     * @param elapsed how long the call took
     * @throws IllegalArgumentException if the code is not positive: the others belong to JSON-RPC
     */
    public RpcFault(
            int code, String type, String message, JsonNode details, String method, String node, Duration elapsed) {
        super(Reason.FAULT, false, method, node, elapsed, message);
        if (code <= 0) {
            throw new IllegalArgumentException("The fault code " + code + " must be positive");
        }
        this.code = code;
        this.type = Objects.requireNonNull(type, "type");
        this.details = Objects.requireNonNull(details, "details");
    }

    /**
     * What went wrong, as the service defines it.
     *
     * @return a positive number
     */
    public int code() {
        return code;
    }

    /**
     * What went wrong, as a word that the service defines.
     *
     * @return the type; empty if the service gave none
     */
    public String type() {
        return type;
    }

    /**
     * What else the service has to say.
     *
     * @return any JSON; a {@link MissingNode} if there is nothing
     */
    public JsonNode details() {
        return details;
    }
}
