package dev.omnibus.bus;

import dev.omnibus.transport.TransportException;

/** The bus could not be connected: Redis cannot be reached, or refuses the login or a channel. Immutable. */
public final class ConnectionException extends BusException {

    /** Why the bus could not be connected. */
    public enum Reason {
        /** No server answers at this address, or not in the Redis protocol. Retry: safe, when it is back. */
        UNREACHABLE,
        /** The server refused the login, or a channel of the bus. Retry: no. */
        REFUSED
    }

    /** Why the bus could not be connected. */
    private final Reason reason;

    /**
     * Translates a failure of the transport.
     *
     * @param cause why there is no connection
     */
    public ConnectionException(TransportException cause) {
        super(String.valueOf(cause.getMessage()), cause);
        reason = cause.kind() == TransportException.Kind.REFUSED ? Reason.REFUSED : Reason.UNREACHABLE;
    }

    /**
     * Returns why the bus could not be connected.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }
}
