package dev.omnibus.bus;

import dev.omnibus.transport.TransportException;
import org.jspecify.annotations.Nullable;

/** An event was not published, or it is unknown whether it was; see {@link #outcome()}. Immutable. */
public final class PublishException extends BusException {

    /** What happened to the event. */
    public enum Outcome {
        /** Nothing was sent, for certain. Retry: safe. */
        NOT_SENT,
        /**
         * It was written, but not confirmed; it may still be delivered, once. Retry: only if a second one does no harm.
         */
        UNKNOWN,
        /**
         * It is in the log of its durable topic and is delivered, but not in as many places as was asked for, as far as
         * Redis has said. Retry: no.
         */
        APPENDED
    }

    /** Why it was not published, or may not have been. */
    public enum Reason {
        /** There is no connection to Redis, or it broke. Retry: as the outcome says. */
        CONNECTION_LOST,
        /** Redis refused, for instance by its access control list. Retry: no. */
        REFUSED,
        /** Too much is already waiting to be sent. Retry: safe, a little later. */
        OUTBOX_FULL,
        /** The event is larger than {@link BusBuilder#maxMessageBytes}. Retry: no. */
        TOO_LARGE,
        /** The bus was closed. Retry: no. */
        CLOSED,
        /** The durable topic has reached the limits of its retention, or Redis its memory. Retry: safe, later. */
        FULL,
        /** The replicas or the append-only file that were asked for have not confirmed it in time, or cannot. */
        UNCONFIRMED
    }

    /** Why it was not published, or may not have been. */
    private final Reason reason;

    /** What happened to the event. */
    private final Outcome outcome;

    /**
     * Translates a failure of the transport.
     *
     * @param cause why it was not published, or why that is unknown
     */
    public PublishException(TransportException cause) {
        super(String.valueOf(cause.getMessage()), cause);
        this.outcome = cause.notSent() ? Outcome.NOT_SENT : Outcome.UNKNOWN;
        this.reason = switch (cause.kind()) {
            case CONNECTION_LOST, NOT_READY -> Reason.CONNECTION_LOST;
            case OUT_OF_MEMORY -> Reason.FULL;
            case REFUSED, NO_GROUP, WRONG_TYPE, NOT_ALLOWED -> Reason.REFUSED;
            case OUTBOX_FULL -> Reason.OUTBOX_FULL;
            case TOO_LARGE -> Reason.TOO_LARGE;
            case CLOSED -> Reason.CLOSED;
        };
    }

    /**
     * Creates one, for layers and for tests.
     *
     * @param reason why the event was not published, or why that is unknown
     * @param outcome what happened to it
     * @param message what, which, and what to do
     * @param cause what led to it, if anything did
     */
    public PublishException(Reason reason, Outcome outcome, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.outcome = outcome;
    }

    /**
     * Returns why the event was not published, or may not have been.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /**
     * Returns what happened to the event.
     *
     * @return whether it was certainly not sent
     */
    public Outcome outcome() {
        return outcome;
    }
}
