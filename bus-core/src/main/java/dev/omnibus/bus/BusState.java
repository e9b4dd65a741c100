package dev.omnibus.bus;

/** The state of a bus. */
public enum BusState {
    /**
     * The bus is connecting for the first time. A program sees that only if it was built with
     * {@link BusBuilder#connectInBackground}: then publishing fails at once, or is held if that was chosen; calls fail.
     */
    CONNECTING,
    /** The bus receives its own messages through Redis. */
    UP,
    /**
     * The bus does not receive its own messages any more, or has no connection, and is reconnecting. Publishing fails
     * at once, or is held if that was chosen; pending calls fail.
     */
    DOWN,
    /**
     * The bus is being closed and finishes what it has accepted. Handlers that finish may still publish; what they
     * subscribe to ends with the bus.
     */
    DRAINING,
    /** The bus is closed. */
    CLOSED
}
