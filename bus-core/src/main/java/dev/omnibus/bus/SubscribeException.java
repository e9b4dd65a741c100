package dev.omnibus.bus;

import dev.omnibus.transport.TransportException;

/** A subscription does not stand: Redis refuses it or cannot be reached. */
public final class SubscribeException extends BusException {

    /**
     * What the transport said, in the terms of a subscriber.
     *
     * @param cause why it does not stand
     */
    public SubscribeException(TransportException cause) {
        super(String.valueOf(cause.getMessage()), cause);
    }
}
