package dev.omnibus.bus;

import dev.omnibus.transport.TransportException;

/** The bus could not be opened: Redis cannot be reached, or refuses the login or a channel. */
public final class ConnectionException extends BusException {

    ConnectionException(TransportException cause) {
        super(String.valueOf(cause.getMessage()), cause);
    }
}
