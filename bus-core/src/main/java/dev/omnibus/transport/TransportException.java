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
        CLOSED,
        /** Of a stream: the server cannot write or answer now, as it loads, fails over or is a replica. Try again. */
        NOT_READY,
        /** Of a stream: the server's memory is full. */
        OUT_OF_MEMORY,
        /** Of a stream: there is no such group, perhaps because the server was emptied. */
        NO_GROUP,
        /** Of a stream: something else has been written under its name. */
        WRONG_TYPE,
        /** Of a stream: the user may not do that. */
        NOT_ALLOWED
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
