package dev.omnibus.bus;

import dev.omnibus.transport.TransportException;

/** The bus could not be opened: Redis cannot be reached, or refuses the login or a channel. */
public final class ConnectionException extends BusException {

    /** What stood in the way. */
    public enum Reason {
        /** No server answers at this address, or it does not speak to us. Retry: safe, when it is back. */
        UNREACHABLE,
        /** The server said no: to the login, or to a channel of the bus. Retry: no. */
        REFUSED
    }

    /** What stood in the way. */
    private final Reason reason;

    ConnectionException(TransportException cause) {
        super(String.valueOf(cause.getMessage()), cause);
        reason = cause.kind() == TransportException.Kind.REFUSED ? Reason.REFUSED : Reason.UNREACHABLE;
    }

    /**
     * What stood in the way.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }
}
