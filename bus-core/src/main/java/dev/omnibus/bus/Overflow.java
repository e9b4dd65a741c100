package dev.omnibus.bus;

/** What becomes of events when a handler is slower than what arrives, and its mailbox is full. */
public enum Overflow {
    /** The event that arrives is dropped: what waits is handled in full, with a hole behind it. The default. */
    DROP_NEWEST,
    /** The oldest events that wait are dropped to make room: for handlers that care for the present only. */
    DROP_OLDEST,
    /**
     * The subscription is closed: what waits is still handled, and nothing after it. For handlers that would rather
     * start anew than go on with a hole.
     */
    CLOSE
}
