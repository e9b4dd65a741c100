package dev.omnibus.tools.watch;

import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.internal.channel.ChannelNames.Parts;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.event.Envelope;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.tools.watch.Seen.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A decoder of messages on channels of others. It reads envelopes by the codecs of the bus, and no payloads. */
final class MessageDecoder {

    private static final String NODES = "/nodes/";
    private static final String PROTOCOL = "$/"; // what its notifications begin with
    private static final String HEARTBEAT = "$/beat";
    private static final byte[] NOTIFICATION = "{\"jsonrpc\":\"2.0\",\"method\":\"$/".getBytes(StandardCharsets.UTF_8);
    private static final int MAX_BYTES = 8 * 1024 * 1024; // the largest that a bus may be set to

    private final ChannelNames names;
    private final EventCodec events;
    private final RpcCodec calls;

    MessageDecoder(BusRuntime bus) {
        names = bus.channels().names();
        events = new EventCodec(MAX_BYTES, bus.node());
        calls = new RpcCodec(bus.json(), bus.node(), names.inbox(bus.node()));
    }

    /** A message of a channel; null if it is on none that messages are on. */
    @Nullable
    Seen decode(String channel, Message message, Instant at, long nanos) {
        Parts parts = names.parse(channel);
        byte[] json = Arrays.copyOfRange(message.bytes(), message.offset(), message.offset() + message.length());
        Draft draft = new Draft(at, nanos, channel, parts, json);
        try {
            return switch (parts.use()) {
                case EVENT -> event(draft, message);
                case METHOD -> request(draft, message);
                case INBOX -> message.startsWith(NOTIFICATION) ? request(draft, message) : reply(draft, message);
                case PRESENCE -> request(draft, message);
                case OTHER -> null;
            };
        } catch (IOException | RuntimeException e) {
            return draft.bad(Json.problem(e));
        }
    }

    private Seen event(Draft draft, Message message) throws IOException {
        String topic = draft.parts.name();
        Envelope event = events.read(topic, message);
        String from = event.source.startsWith(NODES) ? event.source.substring(NODES.length()) : event.source;
        Kind kind = event.isMarker() ? Kind.MARKER : Kind.EVENT;
        return draft.seen(kind, topic, from, "", "", event.id, event.sequence, 0, 0, "");
    }

    private Seen request(Draft draft, Message message) throws IOException {
        RpcCodec.Request request = calls.readRequest(message);
        String method = request.method();
        Parts parts = draft.parts;
        if (method.equals(RpcCodec.CANCEL)) {
            RpcCodec.Request cancelled = calls.readCancel(request.params());
            String inbox = names.inbox(cancelled.from());
            return draft.seen(
                    Kind.CANCEL, parts.name(), cancelled.from(), parts.node(), inbox, id(cancelled.id()), 0, 0, 0, "");
        }
        if (method.equals(HEARTBEAT)) {
            return draft.seen(Kind.HEARTBEAT, "", parts.node(), parts.node(), "", "", 0, 0, 0, "");
        }
        if (method.startsWith(PROTOCOL)) {
            String node = calls.tree(request.params()).path("node").asText("");
            return draft.seen(Kind.PRESENCE, method.substring(PROTOCOL.length()), node, "", "", "", 0, 0, 0, "");
        }
        String inbox = names.isInbox(request.replyTo()) ? request.replyTo() : "";
        String from = request.from().isEmpty() ? names.parse(inbox).node() : request.from();
        return draft.seen(
                Kind.REQUEST, method, from, parts.node(), inbox, id(request.id()), 0, request.ttlMillis(), 0, "");
    }

    private Seen reply(Draft draft, Message message) throws IOException {
        boolean isText = RpcCodec.isQueuedReply(message);
        RpcCodec.QueuedReply queued = isText ? calls.readQueuedReply(message) : null;
        RpcCodec.Response response = queued == null ? calls.readResponse(message) : queued.response();
        String id = queued == null ? Long.toString(response.id()) : queued.id();
        return response.code() == RpcCodec.UNREADABLE
                ? draft.bad(response.message())
                : draft.seen(
                        Kind.REPLY,
                        "",
                        response.from(),
                        draft.parts.node(),
                        draft.channel,
                        id,
                        0,
                        0,
                        response.code(),
                        response.message());
    }

    /** An id as it is compared: a text without its quotes. */
    private String id(String raw) throws IOException {
        if (!raw.startsWith("\"")) {
            return raw.equals("null") ? "" : raw;
        }
        byte[] bytes = raw.getBytes(StandardCharsets.UTF_8);
        return calls.tree(new Message(bytes, 0, bytes.length)).asText();
    }

    /** What is known of every message, whatever it is. */
    private record Draft(Instant at, long nanos, String channel, Parts parts, byte[] json) {

        Seen seen(
                Kind kind,
                String name,
                String from,
                String to,
                String inbox,
                String id,
                long sequence,
                long ttlMillis,
                int code,
                String problem) {
            return new Seen(
                    at, nanos, kind, channel, name, from, to, inbox, id, sequence, ttlMillis, code, problem, json);
        }

        Seen bad(String problem) {
            return seen(Kind.BAD, parts.name(), "", parts.node(), "", "", 0, 0, 0, problem);
        }
    }
}
