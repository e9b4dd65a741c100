package dev.omnibus.micrometer;

import dev.omnibus.bus.BusObserver;
import org.jspecify.annotations.Nullable;

/**
 * An observer that puts the trace into the log without any tracer: while an event is handled or a call is served,
 * SLF4J's MDC has its {@code traceId} and {@code spanId}, as the {@code traceparent} says that came with it. Afterwards
 * what was there before is there again.
 *
 * <p>{@link OpenTelemetryObserver} does this itself, with the spans that it makes. The MDC belongs to the thread: what
 * an asynchronous handler does on others has none. Thread-safe.
 */
public final class MdcObserver implements BusObserver {

    private MdcObserver() {}

    /**
     * An observer.
     *
     * @return the observer, for any number of buses
     */
    public static MdcObserver create() {
        return new MdcObserver();
    }

    @Override
    public @Nullable Scope start(Operation operation) {
        if (operation.kind() != Kind.HANDLE && operation.kind() != Kind.SERVE) {
            return null;
        }
        TraceMdc mdc = TraceMdc.parse(operation.headers().get("traceparent"));
        return mdc == null ? null : new Handled(mdc);
    }

    private record Handled(TraceMdc mdc) implements Scope {

        @Override
        public void leave() {
            mdc.restore();
        }

        @Override
        public void end(Outcome outcome) {}
    }
}
