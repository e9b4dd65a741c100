package dev.omnibus.micrometer;

import static dev.omnibus.bus.BusObserver.Kind.BROADCAST;
import static dev.omnibus.bus.BusObserver.Kind.CALL;
import static dev.omnibus.bus.BusObserver.Kind.ENQUEUE;
import static dev.omnibus.bus.BusObserver.Kind.HANDLE;
import static dev.omnibus.bus.BusObserver.Kind.PUBLISH;
import static dev.omnibus.bus.BusObserver.Kind.SERVE;

import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Outcome;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All names of meters and attributes, in one place: those of OpenTelemetry's semantic conventions where it has any (RPC
 * and messaging, version 1.45), and others under {@code omnibus}. The tables of the documentation are made from it.
 */
@SuppressWarnings("ImmutableEnumChecker") // its lists and sets cannot be changed
enum Convention {
    // Attributes
    RPC_SYSTEM_NAME("rpc.system.name", "always `jsonrpc`", CALL, SERVE, BROADCAST, ENQUEUE),
    RPC_METHOD(
            "rpc.method",
            "`service.method`; `_OTHER` for one that nobody is known to serve, and beyond 1,000 of them",
            CALL,
            SERVE,
            BROADCAST,
            ENQUEUE),
    RPC_METHOD_ORIGINAL(
            "rpc.method_original", "the name that was called, if it is not known", CALL, BROADCAST, ENQUEUE),
    RPC_STATUS_CODE("rpc.status_code", "the code of the JSON-RPC error that was answered", CALL, SERVE),
    ERROR_TYPE(
            "error.type",
            "if it failed: that code, else the reason, or of a handler the class of what it threw",
            CALL,
            SERVE,
            BROADCAST,
            ENQUEUE,
            PUBLISH,
            HANDLE),
    JSONRPC_PROTOCOL_VERSION("jsonrpc.protocol.version", "always `2.0`", CALL, SERVE, BROADCAST, ENQUEUE),
    JSONRPC_REQUEST_ID("jsonrpc.request.id", "the id of the request", SERVE),
    MESSAGING_SYSTEM("messaging.system", "always `redis`", PUBLISH, HANDLE),
    MESSAGING_OPERATION_NAME("messaging.operation.name", "`publish` or `process`", PUBLISH, HANDLE),
    MESSAGING_OPERATION_TYPE("messaging.operation.type", "`send` or `process`", PUBLISH, HANDLE),
    MESSAGING_DESTINATION_NAME(
            "messaging.destination.name",
            "the topic; of a meter of handlers the topic or pattern that is subscribed to. `_OTHER` beyond 100 of them in a"
                    + " meter",
            PUBLISH,
            HANDLE),
    MESSAGING_DESTINATION_TEMPLATE("messaging.destination.template", "the pattern that is subscribed to", HANDLE),
    MESSAGING_CONSUMER_GROUP("messaging.consumer.group.name", "the group of a durable topic", HANDLE),
    MESSAGING_MESSAGE_ID("messaging.message.id", "the event's id", HANDLE),
    CLOUDEVENTS_ID("cloudevents.event_id", "the same", HANDLE),
    CLOUDEVENTS_SOURCE("cloudevents.event_source", "its publisher", HANDLE),
    CLOUDEVENTS_TYPE("cloudevents.event_type", "its type", HANDLE),
    OMNIBUS_REASON(
            "omnibus.reason", "why it failed, as in the exception", CALL, SERVE, BROADCAST, ENQUEUE, PUBLISH, HANDLE),
    OMNIBUS_OUTCOME("omnibus.outcome", "`complete`, `incomplete` or `failed`", BROADCAST),
    OMNIBUS_NODE(
            "omnibus.node", "the node that had the call last; of an event of a span, the one that was tried", CALL),
    OMNIBUS_CALLER("omnibus.caller", "the node that calls", SERVE),
    OMNIBUS_ATTEMPTS("omnibus.attempts", "how often it was tried, if not once", CALL, HANDLE),
    OMNIBUS_NOT_EXECUTED(
            "omnibus.not_executed", "`true` if it failed and certainly nothing was done", CALL, SERVE, PUBLISH),
    OMNIBUS_QUEUE_MS("omnibus.queue_ms", "how long it waited until its execution began, from 1 ms on", SERVE),
    OMNIBUS_SEQUENCE("omnibus.sequence", "the event's sequence number", HANDLE),
    OMNIBUS_EXPECTED("omnibus.expected", "how many answers were awaited", BROADCAST),
    OMNIBUS_ANSWERED("omnibus.answered", "how many nodes answered", BROADCAST),
    OMNIBUS_MISSING("omnibus.missing", "how many did not; an event of the span names each", BROADCAST),
    OMNIBUS_TOPIC("omnibus.topic", "a durable topic"),
    OMNIBUS_GROUP("omnibus.group", "a consumer group"),

    // Meters of operations
    RPC_CLIENT_CALL_DURATION(
            Meter.TIMER,
            "rpc.client.call.duration",
            "calls, with all attempts",
            RPC_SYSTEM_NAME,
            RPC_METHOD,
            RPC_STATUS_CODE,
            ERROR_TYPE,
            OMNIBUS_REASON),
    RPC_SERVER_CALL_DURATION(
            Meter.TIMER,
            "rpc.server.call.duration",
            "calls that are served or refused, from their arrival",
            RPC_SYSTEM_NAME,
            RPC_METHOD,
            RPC_STATUS_CODE,
            ERROR_TYPE,
            OMNIBUS_REASON),
    RPC_CLIENT_RETRIES(
            Meter.COUNTER,
            "omnibus.rpc.client.retries",
            "attempts that failed and were followed by another one",
            RPC_METHOD,
            OMNIBUS_REASON),
    RPC_BROADCAST_DURATION(Meter.TIMER, "omnibus.rpc.broadcast.duration", "broadcasts", RPC_METHOD, OMNIBUS_OUTCOME),
    RPC_ENQUEUE_DURATION(
            Meter.TIMER,
            "omnibus.rpc.enqueue.duration",
            "queued calls, until they are in the queue",
            RPC_METHOD,
            OMNIBUS_REASON),
    MESSAGING_CLIENT_OPERATION_DURATION(
            Meter.TIMER,
            "messaging.client.operation.duration",
            "events that are published",
            MESSAGING_SYSTEM,
            MESSAGING_OPERATION_NAME,
            MESSAGING_OPERATION_TYPE,
            MESSAGING_DESTINATION_NAME,
            ERROR_TYPE),
    MESSAGING_CLIENT_SENT_MESSAGES(
            Meter.COUNTER,
            "messaging.client.sent.messages",
            "the same, counted",
            MESSAGING_SYSTEM,
            MESSAGING_OPERATION_NAME,
            MESSAGING_OPERATION_TYPE,
            MESSAGING_DESTINATION_NAME,
            ERROR_TYPE),
    MESSAGING_PROCESS_DURATION(
            Meter.TIMER,
            "messaging.process.duration",
            "handlers, with their retries and until their stage is complete",
            MESSAGING_SYSTEM,
            MESSAGING_OPERATION_NAME,
            MESSAGING_OPERATION_TYPE,
            MESSAGING_DESTINATION_NAME,
            ERROR_TYPE),
    MESSAGING_CLIENT_CONSUMED_MESSAGES(
            Meter.COUNTER,
            "messaging.client.consumed.messages",
            "the same, counted",
            MESSAGING_SYSTEM,
            MESSAGING_OPERATION_NAME,
            MESSAGING_OPERATION_TYPE,
            MESSAGING_DESTINATION_NAME,
            ERROR_TYPE),
    RPC_CLIENT_ACTIVE(Meter.GAUGE, "omnibus.rpc.client.active", "calls that wait for their outcome"),
    RPC_SERVER_ACTIVE(Meter.GAUGE, "omnibus.rpc.server.active", "calls that are being executed"),

    // Meters of servers
    RPC_SERVER_WAITING(Meter.GAUGE, "omnibus.rpc.server.waiting", "calls that wait to be executed"),
    RPC_SERVER_CALLERS_GONE(
            Meter.COUNTER,
            "omnibus.rpc.server.callers.gone",
            "replies that nobody received, because their callers were gone"),
    RPC_SERVER_REPLIES_LOST(
            Meter.COUNTER,
            "omnibus.rpc.server.replies.lost",
            "replies that could not be sent, or of which nobody knows whether they were"),

    // Meters of buses
    EVENTS_LOST(Meter.COUNTER, "omnibus.events.lost", "events that did not arrive, found by their numbers"),
    EVENTS_GAPS(Meter.COUNTER, "omnibus.events.gaps", "how often events were found missing"),
    EVENTS_DUPLICATES(Meter.COUNTER, "omnibus.events.duplicates", "events that arrived again and were dropped"),
    EVENTS_DROPPED(Meter.COUNTER, "omnibus.events.dropped", "events that a full mailbox dropped"),
    EVENTS_BAD(Meter.COUNTER, "omnibus.events.bad", "messages that violate the protocol, or do not fit the handler"),
    EVENTS_WAITING(Meter.GAUGE, "omnibus.events.waiting", "events that wait for a handler or are being handled"),
    FRAMES_DROPPED(Meter.COUNTER, "omnibus.frames.dropped", "frames that were dropped unread"),
    OUTBOX_BYTES(Meter.GAUGE, "omnibus.outbox.bytes", "bytes that wait to be sent"),
    INTERRUPTIONS(Meter.COUNTER, "omnibus.interruptions", "subscriptions that were interrupted and stand again"),
    RECONNECTS(Meter.COUNTER, "omnibus.reconnects", "connections that were replaced"),
    BUSES_UP(Meter.GAUGE, "omnibus.buses.up", "buses of this process that are connected"),

    // Meters of durable topics
    DURABLE_LAG(
            Meter.GAUGE,
            "omnibus.durable.lag",
            "events that a group has not been delivered yet",
            OMNIBUS_TOPIC,
            OMNIBUS_GROUP),
    DURABLE_PENDING(
            Meter.GAUGE,
            "omnibus.durable.pending",
            "events that are delivered and not acknowledged",
            OMNIBUS_TOPIC,
            OMNIBUS_GROUP),
    DURABLE_DEAD_LETTERS(
            Meter.GAUGE,
            "omnibus.durable.dead.letters",
            "events that a group has given up",
            OMNIBUS_TOPIC,
            OMNIBUS_GROUP),
    DURABLE_ENTRIES(Meter.GAUGE, "omnibus.durable.entries", "events that are kept", OMNIBUS_TOPIC);

    /** The value of a key that does not apply: a meter has all its keys always, or Prometheus refuses it. */
    static final String NONE = "none";

    /** The value of a name that is not known, or one too many. */
    static final String OTHER = "_OTHER";

    static final String JSONRPC = "jsonrpc";
    static final String REDIS = "redis";

    enum Meter {
        TIMER,
        COUNTER,
        GAUGE
    }

    /** The value of {@code error.type}: the code that was answered, what a handler threw, or else the reason. */
    static String errorType(Outcome outcome) {
        if (outcome.code() != 0) {
            return Integer.toString(outcome.code());
        }
        Throwable failure = outcome.failure();
        return failure != null && outcome.reason().equals("FAULT")
                ? failure.getClass().getName()
                : outcome.reason();
    }

    /** The value of {@code omnibus.outcome}. */
    static String outcome(Outcome outcome) {
        if (outcome.expected() == 0) {
            return "failed";
        }
        return outcome.answered() < outcome.expected() ? "incomplete" : "complete";
    }

    private final String text;
    private final String description;
    private final Set<Kind> spans; // that have it as an attribute
    private final @Nullable Meter meter; // null if it is an attribute
    private final List<Convention> keys; // of the meter

    /** An attribute. */
    Convention(String text, String description, Kind... spans) {
        this.text = text;
        this.description = description;
        this.spans = Set.of(spans);
        this.meter = null;
        this.keys = List.of();
    }

    /** A meter. */
    Convention(Meter meter, String text, String description, Convention... keys) {
        this.text = text;
        this.description = description;
        this.spans = Set.of();
        this.meter = meter;
        this.keys = List.of(keys);
    }

    /** The name. */
    String text() {
        return text;
    }

    String description() {
        return description;
    }

    Set<Kind> spans() {
        return spans;
    }

    /** What kind of meter it is; null if it is an attribute. */
    @Nullable
    Meter meter() {
        return meter;
    }

    List<Convention> keys() {
        return keys;
    }
}
