package dev.omnibus.internal.durable.log;

import dev.omnibus.durable.DurableTopicException;
import dev.omnibus.durable.Position;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.TransportException;
import java.util.concurrent.CompletionException;

/** Translations between the words of the transport and those of the API. */
public final class Failures {

    private Failures() {}

    /** Returns why a future of the transport has failed; a defect counts as a lost connection, and is tried again. */
    public static TransportException of(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof TransportException known
                ? known
                : new TransportException(TransportException.Kind.CONNECTION_LOST, false, "Unexpected: " + cause, cause);
    }

    /** Whether it is worth while to try it again. */
    public static boolean mayPass(TransportException failure) {
        return switch (failure.kind()) {
            case CONNECTION_LOST, NOT_READY, OUTBOX_FULL, OUT_OF_MEMORY -> true;
            case REFUSED, TOO_LARGE, CLOSED, NO_GROUP, WRONG_TYPE, NOT_ALLOWED -> false;
        };
    }

    /** Returns what the program gets for it. */
    public static DurableTopicException of(String topic, Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof DurableTopicException translated
                ? translated
                : new DurableTopicException(
                        "Durable topic " + topic + ": " + of(failure).getMessage(), of(failure));
    }

    /** Returns why a reader is refused whose topic cannot be opened. */
    public static TransportException notOpened(String topic, Throwable failure) {
        String why = String.valueOf(of(topic, failure).getMessage());
        return new TransportException(TransportException.Kind.REFUSED, true, why, failure);
    }

    public static Position position(StreamId id, int partition) {
        return new Position(id.millis(), id.sequence(), partition);
    }

    public static StreamId id(Position position) {
        return position.equals(Position.LATEST)
                ? StreamId.LATEST
                : new StreamId(position.millis(), position.sequence());
    }
}
