package dev.omnibus.micrometer;

import dev.omnibus.bus.BusObserver;
import dev.omnibus.bus.Event;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.context.propagation.TextMapSetter;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An observer that makes OpenTelemetry spans of what a bus does:
 * {@code Bus.builder(url).observer(OpenTelemetryObserver.of(openTelemetry))}. Calls, broadcasts and publishing are
 * spans of the current trace, and handlers and served methods go on with the trace that came with the event or the
 * call, as children of the span that sent it. While they run, their span is current on their thread, and SLF4J's MDC
 * has its {@code traceId} and {@code spanId}.
 *
 * <p>Names and attributes are those of OpenTelemetry's semantic conventions. {@code traceparent} and {@code tracestate}
 * are sent along, baggage is not. No payload, argument, header, or text of an exception is in a span. It needs
 * {@code opentelemetry-api} on the class path; without an SDK it costs little and passes traces on. Thread-safe.
 */
public final class OpenTelemetryObserver implements BusObserver {

    private static final String NAME = "dev.omnibus";
    private static final String JSONRPC_VERSION = "2.0";
    private static final int MAX_NAMED = 100; // missing nodes of a broadcast

    private static final AttributeKey<String> SYSTEM = text(Convention.RPC_SYSTEM_NAME);
    private static final AttributeKey<String> METHOD = text(Convention.RPC_METHOD);
    private static final AttributeKey<String> METHOD_ORIGINAL = text(Convention.RPC_METHOD_ORIGINAL);
    private static final AttributeKey<String> STATUS_CODE = text(Convention.RPC_STATUS_CODE);
    private static final AttributeKey<String> ERROR_TYPE = text(Convention.ERROR_TYPE);
    private static final AttributeKey<String> VERSION = text(Convention.JSONRPC_PROTOCOL_VERSION);
    private static final AttributeKey<String> REQUEST_ID = text(Convention.JSONRPC_REQUEST_ID);
    private static final AttributeKey<String> MESSAGING_SYSTEM = text(Convention.MESSAGING_SYSTEM);
    private static final AttributeKey<String> OPERATION_NAME = text(Convention.MESSAGING_OPERATION_NAME);
    private static final AttributeKey<String> OPERATION_TYPE = text(Convention.MESSAGING_OPERATION_TYPE);
    private static final AttributeKey<String> DESTINATION = text(Convention.MESSAGING_DESTINATION_NAME);
    private static final AttributeKey<String> TEMPLATE = text(Convention.MESSAGING_DESTINATION_TEMPLATE);
    private static final AttributeKey<String> CONSUMER_GROUP = text(Convention.MESSAGING_CONSUMER_GROUP);
    private static final AttributeKey<String> MESSAGE_ID = text(Convention.MESSAGING_MESSAGE_ID);
    private static final AttributeKey<String> EVENT_ID = text(Convention.CLOUDEVENTS_ID);
    private static final AttributeKey<String> EVENT_SOURCE = text(Convention.CLOUDEVENTS_SOURCE);
    private static final AttributeKey<String> EVENT_TYPE = text(Convention.CLOUDEVENTS_TYPE);
    private static final AttributeKey<String> REASON = text(Convention.OMNIBUS_REASON);
    private static final AttributeKey<String> OUTCOME = text(Convention.OMNIBUS_OUTCOME);
    private static final AttributeKey<String> NODE = text(Convention.OMNIBUS_NODE);
    private static final AttributeKey<String> CALLER = text(Convention.OMNIBUS_CALLER);
    private static final AttributeKey<Long> ATTEMPTS = number(Convention.OMNIBUS_ATTEMPTS);
    private static final AttributeKey<Boolean> NOT_EXECUTED =
            AttributeKey.booleanKey(Convention.OMNIBUS_NOT_EXECUTED.text());
    private static final AttributeKey<Long> QUEUE_MS = number(Convention.OMNIBUS_QUEUE_MS);
    private static final AttributeKey<Long> SEQUENCE = number(Convention.OMNIBUS_SEQUENCE);
    private static final AttributeKey<Long> EXPECTED = number(Convention.OMNIBUS_EXPECTED);
    private static final AttributeKey<Long> ANSWERED = number(Convention.OMNIBUS_ANSWERED);
    private static final AttributeKey<Long> MISSING = number(Convention.OMNIBUS_MISSING);

    /** Whatever else is configured: baggage must not go to everybody who subscribes. */
    private static final TextMapPropagator PROPAGATOR = W3CTraceContextPropagator.getInstance();

    private static final TextMapSetter<Operation> SETTER = (operation, name, value) -> {
        if (operation != null) {
            operation.header(name, value);
        }
    };

    private static final TextMapGetter<Operation> GETTER = new TextMapGetter<>() {

        @Override
        public Iterable<String> keys(Operation operation) {
            return operation.headers().keySet();
        }

        @Override
        public @Nullable String get(@Nullable Operation operation, String name) {
            return operation == null ? null : operation.headers().get(name);
        }
    };

    private final Tracer tracer;

    private OpenTelemetryObserver(Tracer tracer) {
        this.tracer = tracer;
    }

    /**
     * An observer that makes spans.
     *
     * @param openTelemetry has the tracer; its propagators are not used
     * @return the observer, for any number of buses
     */
    public static OpenTelemetryObserver of(OpenTelemetry openTelemetry) {
        return new OpenTelemetryObserver(
                Objects.requireNonNull(openTelemetry, "openTelemetry").getTracer(NAME));
    }

    private static AttributeKey<String> text(Convention name) {
        return AttributeKey.stringKey(name.text());
    }

    private static AttributeKey<Long> number(Convention name) {
        return AttributeKey.longKey(name.text());
    }

    /**
     * Starts a span with what samplers decide by, according to the conventions; everything else is added only if the
     * span is recorded.
     */
    @Override
    public Scope start(Operation operation) {
        return switch (operation.kind()) {
            case HANDLE -> received(operation, process(operation));
            case SERVE -> received(operation, serve(operation));
            case PUBLISH -> sent(operation, publish(operation));
            case CALL, BROADCAST, ENQUEUE -> sent(operation, call(operation, operation.isKnown()));
        };
    }

    /** What came from elsewhere: its span goes on with the trace of that, whatever this thread does otherwise. */
    @SuppressWarnings("MustBeClosedChecker") // closed when the thread is left
    private static Scope received(Operation operation, SpanBuilder builder) {
        Context parent = PROPAGATOR.extract(Context.root(), operation, GETTER);
        Span span = builder.setParent(parent).startSpan();
        if (span.isRecording()) {
            describe(span, operation);
        }
        SpanContext context = span.getSpanContext();
        TraceMdc mdc = context.isValid() ? TraceMdc.set(context.getTraceId(), context.getSpanId()) : null;
        return new Received(span, parent.with(span).makeCurrent(), mdc);
    }

    /** What is sent: its span belongs to the current trace, or without one to that which is passed on. */
    private static Scope sent(Operation operation, SpanBuilder builder) {
        Context current = Context.current();
        Context parent = Span.fromContext(current).getSpanContext().isValid()
                ? current
                : PROPAGATOR.extract(current, operation, GETTER);
        Span span = builder.setParent(parent).startSpan();
        PROPAGATOR.inject(parent.with(span), operation, SETTER);
        return new Sent(span, operation.isKnown());
    }

    private SpanBuilder publish(Operation operation) {
        return tracer.spanBuilder("publish " + operation.name())
                .setSpanKind(SpanKind.PRODUCER)
                .setAttribute(MESSAGING_SYSTEM, Convention.REDIS)
                .setAttribute(OPERATION_NAME, "publish")
                .setAttribute(OPERATION_TYPE, "send")
                .setAttribute(DESTINATION, operation.name());
    }

    private SpanBuilder process(Operation operation) {
        String name = operation.name();
        Event<?> event = operation.event();
        SpanBuilder builder = tracer.spanBuilder("process " + name)
                .setSpanKind(SpanKind.CONSUMER)
                .setAttribute(MESSAGING_SYSTEM, Convention.REDIS)
                .setAttribute(OPERATION_NAME, "process")
                .setAttribute(OPERATION_TYPE, "process")
                .setAttribute(DESTINATION, event == null ? name : event.topic());
        if (event != null && !event.topic().equals(name)) {
            builder.setAttribute(TEMPLATE, name);
        }
        return operation.group().isEmpty() ? builder : builder.setAttribute(CONSUMER_GROUP, operation.group());
    }

    private SpanBuilder call(Operation operation, boolean known) {
        return rpc(nameOf(operation, known))
                .setSpanKind(operation.kind() == Kind.ENQUEUE ? SpanKind.PRODUCER : SpanKind.CLIENT)
                .setAttribute(METHOD, known ? operation.name() : Convention.OTHER);
    }

    private static String nameOf(Operation operation, boolean known) {
        String name = known ? operation.name() : Convention.JSONRPC;
        return switch (operation.kind()) {
            case BROADCAST -> "ask " + name;
            case ENQUEUE -> "enqueue " + name;
            default -> name;
        };
    }

    private SpanBuilder serve(Operation operation) {
        return rpc(operation.name()).setSpanKind(SpanKind.SERVER).setAttribute(METHOD, operation.name());
    }

    private SpanBuilder rpc(String name) {
        return tracer.spanBuilder(name).setAttribute(SYSTEM, Convention.JSONRPC);
    }

    /** Adds what is known of something that was received. */
    private static void describe(Span span, Operation operation) {
        Event<?> event = operation.event();
        if (event != null) {
            span.setAttribute(MESSAGE_ID, event.id())
                    .setAttribute(EVENT_ID, event.id())
                    .setAttribute(EVENT_SOURCE, event.source())
                    .setAttribute(EVENT_TYPE, event.type());
            if (event.sequence() > 0) {
                span.setAttribute(SEQUENCE, event.sequence());
            }
        }
        if (operation.kind() == Kind.SERVE) {
            span.setAttribute(VERSION, JSONRPC_VERSION).setAttribute(CALLER, operation.peer());
            if (!operation.id().isEmpty()) {
                span.setAttribute(REQUEST_ID, operation.id());
            }
            long waited = TimeUnit.NANOSECONDS.toMillis(operation.elapsedNanos());
            if (waited > 0) {
                span.setAttribute(QUEUE_MS, waited);
            }
        }
    }

    /** The span of what was sent; it is not current anywhere. */
    private static final class Sent implements Scope {

        private final Span span;
        private final boolean known;

        Sent(Span span, boolean known) {
            this.span = span;
            this.known = known;
        }

        @Override
        public void retried(Outcome attempt) {
            OpenTelemetryObserver.retried(span, attempt);
        }

        @Override
        public void end(Outcome outcome) {
            if (!known && outcome.isKnown()) { // the directory has been read since
                span.updateName(nameOf(outcome, true)).setAttribute(METHOD, outcome.name());
            } else if (!known) {
                span.setAttribute(METHOD_ORIGINAL, outcome.name());
            }
            OpenTelemetryObserver.end(span, outcome);
        }
    }

    /** The span of what was received; current on its thread until that goes on with something else. */
    private static final class Received implements Scope {

        private final Span span;
        private final io.opentelemetry.context.Scope current;
        private final @Nullable TraceMdc mdc;

        Received(Span span, io.opentelemetry.context.Scope current, @Nullable TraceMdc mdc) {
            this.span = span;
            this.current = current;
            this.mdc = mdc;
        }

        @Override
        public void leave() {
            current.close();
            if (mdc != null) {
                mdc.restore();
            }
        }

        @Override
        public void retried(Outcome attempt) {
            OpenTelemetryObserver.retried(span, attempt);
        }

        @Override
        public void end(Outcome outcome) {
            OpenTelemetryObserver.end(span, outcome);
        }
    }

    private static void retried(Span span, Outcome attempt) {
        if (span.isRecording()) {
            span.addEvent("retry", Attributes.of(REASON, attempt.reason(), NODE, attempt.peer()));
        }
    }

    private static void end(Span span, Outcome outcome) {
        if (span.isRecording()) {
            describe(span, outcome);
        }
        span.end();
    }

    private static void describe(Span span, Outcome outcome) {
        if (outcome.kind() == Kind.CALL || outcome.kind() == Kind.BROADCAST || outcome.kind() == Kind.ENQUEUE) {
            span.setAttribute(VERSION, JSONRPC_VERSION);
        }
        if (outcome.kind() == Kind.CALL && !outcome.peer().isEmpty()) {
            span.setAttribute(NODE, outcome.peer());
        }
        if (outcome.attempts() != 1) {
            span.setAttribute(ATTEMPTS, (long) outcome.attempts());
        }
        if (outcome.kind() == Kind.BROADCAST) {
            int missing = outcome.expected() - outcome.answered();
            span.setAttribute(EXPECTED, (long) outcome.expected());
            span.setAttribute(ANSWERED, (long) outcome.answered());
            span.setAttribute(MISSING, (long) missing);
            span.setAttribute(OUTCOME, Convention.outcome(outcome));
            outcome.missing().stream()
                    .limit(MAX_NAMED)
                    .forEach(node -> span.addEvent("missing", Attributes.of(NODE, node)));
        }
        if (outcome.code() != 0) {
            span.setAttribute(STATUS_CODE, Integer.toString(outcome.code()));
        }
        if (!outcome.reason().isEmpty()) {
            span.setStatus(StatusCode.ERROR);
            span.setAttribute(ERROR_TYPE, Convention.errorType(outcome));
            span.setAttribute(REASON, outcome.reason());
            if (outcome.isNotExecuted()) {
                span.setAttribute(NOT_EXECUTED, true);
            }
        }
    }
}
