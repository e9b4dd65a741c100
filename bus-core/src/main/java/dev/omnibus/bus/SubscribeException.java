package dev.omnibus.bus;

import dev.omnibus.transport.TransportException;

/** A subscription was not established: Redis refuses it or cannot be reached. Immutable. */
public final class SubscribeException extends BusException {

    /**
     * Translates a failure of the transport.
     *
     * @param cause why it was not established
     */
    public SubscribeException(TransportException cause) {
        super(String.valueOf(cause.getMessage()), cause);
    }
}
