package dev.omnibus.bus;

/** The policy for a full mailbox: what happens to events when a handler falls behind. */
public enum Overflow {
    /** Drops the event that arrives: all that wait are handled, with a gap after them. The default. */
    DROP_NEWEST,
    /** Drops the oldest waiting events to make room: for handlers that care only about the latest. */
    DROP_OLDEST,
    /**
     * Closes the subscription: what waits is still handled, and nothing after it. For handlers that would rather start
     * again than continue after a gap.
     */
    CLOSE
}
