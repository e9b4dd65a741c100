package dev.omnibus.bus;

/** What a bus is doing. */
public enum BusState {
    /** It connects for the first time. */
    CONNECTING,
    /** It hears itself through Redis. */
    UP,
    /**
     * It does not hear itself any more, or finds no connection, and is connecting anew. Publishing fails at once, or is
     * held if that was chosen; pending calls fail.
     */
    DOWN,
    /**
     * It is being closed and finishes what it has. Handlers that finish may still publish; what they subscribe to ends
     * with the bus.
     */
    DRAINING,
    /** It has ended. */
    CLOSED
}
