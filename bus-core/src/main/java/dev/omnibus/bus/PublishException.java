package dev.omnibus.bus;

import dev.omnibus.transport.TransportException;

/** An event was not published, or nobody can say whether it was. {@link #outcome()} tells which of the two. */
public final class PublishException extends BusException {

    /** What has become of the event. */
    public enum Outcome {
        /** Certainly nothing was sent. Retry: safe. */
        NOT_SENT,
        /**
         * It was written, but not confirmed; it may still be delivered, once. Retry: only if a second one does no harm.
         */
        UNKNOWN
    }

    /** What stood in the way. */
    public enum Reason {
        /** There is no connection to Redis, or it broke. Retry: as the outcome says. */
        CONNECTION_LOST,
        /** Redis refused, for instance by its access control list. Retry: no. */
        REFUSED,
        /** Too much waits to be sent already. Retry: safe, a little later. */
        OUTBOX_FULL,
        /** The event is larger than the limit. Retry: no. */
        TOO_LARGE,
        /** The bus was closed. Retry: no. */
        CLOSED
    }

    /** What stood in the way. */
    private final Reason reason;

    /** What has become of the event. */
    private final Outcome outcome;

    /**
     * What the transport said, in the terms of a publisher.
     *
     * @param cause why it was not published, or why nobody knows
     */
    public PublishException(TransportException cause) {
        super(String.valueOf(cause.getMessage()), cause);
        this.outcome = cause.notSent() ? Outcome.NOT_SENT : Outcome.UNKNOWN;
        this.reason = switch (cause.kind()) {
            case CONNECTION_LOST -> Reason.CONNECTION_LOST;
            case REFUSED -> Reason.REFUSED;
            case OUTBOX_FULL -> Reason.OUTBOX_FULL;
            case TOO_LARGE -> Reason.TOO_LARGE;
            case CLOSED -> Reason.CLOSED;
        };
    }

    /**
     * What stood in the way.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /**
     * What has become of the event.
     *
     * @return whether it was certainly not sent
     */
    public Outcome outcome() {
        return outcome;
    }
}
