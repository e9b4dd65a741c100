package dev.omnibus.internal.observe;

import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.Event;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A value object: an operation as it was at one moment, which may be kept. The components are those of the views. */
public record OperationCopy(
        Kind kind,
        String name,
        boolean isKnown,
        @Nullable Event<?> event,
        String group,
        String peer,
        String id,
        Map<String, String> headers,
        long elapsedNanos,
        String reason,
        @Nullable Throwable failure,
        int code,
        boolean isNotExecuted,
        int attempts,
        int expected,
        int answered,
        List<String> missing)
        implements BusObserver.Outcome {

    /** As it is now, with this for its outcome. */
    public static OperationCopy of(
            BusObserver.Outcome view, String reason, @Nullable Throwable failure, int code, boolean notExecuted) {
        return new OperationCopy(
                view.kind(),
                view.name(),
                view.isKnown(),
                view.event(),
                view.group(),
                view.peer(),
                view.id(),
                view.headers(),
                view.elapsedNanos(),
                reason,
                failure,
                code,
                notExecuted,
                view.attempts(),
                view.expected(),
                view.answered(),
                view.missing());
    }

    @Override
    public void header(String header, String value) {
        throw OperationView.tooLate(this, header);
    }

    @Override
    public OperationCopy copy() {
        return this;
    }
}
