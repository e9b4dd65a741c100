package dev.omnibus.transport;

import org.jspecify.annotations.Nullable;

/** A frame, a subscription or an entry did not get through. Immutable. */
public final class TransportException extends RuntimeException {

    /** What stood in the way. */
    public enum Kind {
        /** There is no connection, or it broke. */
        CONNECTION_LOST,
        /** The server refused it, for instance because of its access control list. */
        REFUSED,
        /** The queue for outgoing messages is full. */
        OUTBOX_FULL,
        /** The message is larger than the limit. */
        TOO_LARGE,
        /** This side was closed. */
        CLOSED
    }

    /** What stood in the way. */
    private final Kind kind;

    /** Whether it is certain that nothing was sent. */
    private final boolean notSent;

    /**
     * Makes one.
     *
     * @param kind what stood in the way
     * @param notSent true if it is certain that nothing was sent
     * @param message what, which, and what to do
     * @param cause the transport's own error, if any
     */
    public TransportException(Kind kind, boolean notSent, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.notSent = notSent;
    }

    /**
     * What stood in the way.
     *
     * @return the kind
     */
    public Kind kind() {
        return kind;
    }

    /**
     * Whether it is certain that nothing was sent. If false, it may still arrive, once.
     *
     * @return true if certain
     */
    public boolean notSent() {
        return notSent;
    }
}
