package dev.omnibus.rpc.internal.wire;

import dev.omnibus.internal.channel.MemoryBudget;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.MessagePartCache;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A cache of envelopes: reads the requests of known callers and the results of known nodes by comparing bytes. It only
 * reads what is written exactly as {@link RpcCodec} writes it; everything else is left to that. Confined to one reader.
 */
public final class RpcEnvelopeCache {

    /** What is in the bytes between the id and the time of a request. */
    private record Caller(String method, String from, String replyTo, int length) {}

    /** What is in the bytes between the id and the result. */
    private record Server(String node, int length) {}

    private final MessagePartCache<Caller> callers;
    private final MessagePartCache<Server> servers;

    public RpcEnvelopeCache(MemoryBudget budget) {
        callers = new MessagePartCache<>(",\"method\":\"".length(), 7, budget);
        servers = new MessagePartCache<>(",\"meta\":{\"from\":\"".length(), 1, budget);
    }

    /** Forgets everything, and reads nothing any more. */
    public void close() {
        callers.end();
        servers.end();
    }

    /** Reads a request; null if its envelope is not known. */
    RpcCodec.@Nullable Request readRequest(Message message) {
        int idEnd = endOfId(message);
        Caller caller = idEnd < 0 ? null : callers.find(message, idEnd);
        if (caller == null) {
            return null;
        }
        int ttl = idEnd + caller.length();
        int ttlEnd = message.endOfDigits(ttl);
        int end = ttlEnd;
        String key = "";
        if (message.hasAt(ttlEnd, RpcCodec.KEY_TEXT)) {
            int from = ttlEnd + RpcCodec.KEY_TEXT.length;
            int to = message.endOfPlainText(from);
            if (to < 0 || to - from > RpcCodec.MAX_KEY_LENGTH) {
                return null;
            }
            key = message.text(from, to);
            end = to + 1;
        }
        Map<String, String> headers = Map.of();
        if (message.hasAt(end, RpcCodec.TRACE_TEXT)) {
            int from = end + RpcCodec.TRACE_TEXT.length;
            int to = message.endOfPlainText(from);
            if (to <= from || to - from > RpcCodec.MAX_TEXT_LENGTH) {
                return null;
            }
            headers = Map.of(RpcCodec.TRACE, message.text(from, to));
            end = to + 1;
        }
        if (ttlEnd == ttl || !message.hasAt(end, RpcCodec.PARAMS)) {
            return null;
        }
        Message params = message.lastValue(end + RpcCodec.PARAMS.length);
        boolean isArray = params.length() > 0 && params.bytes()[params.offset()] == '[';
        return !isArray // an object may have a meta among its members
                ? null
                : new RpcCodec.Request(
                        message.text(RpcCodec.ID_FROM, idEnd),
                        caller.method(),
                        params,
                        caller.from(),
                        caller.replyTo(),
                        message.number(ttl, ttlEnd),
                        key,
                        headers);
    }

    /** Remembers the envelope of a request, if it is written as {@link RpcCodec} does. */
    void learn(RpcCodec.Request request, Message message) {
        int idEnd = endOfId(message);
        if (idEnd >= 0 && callers.find(message, idEnd) == null) {
            byte[] part = RpcCodec.methodPart(request.method(), request.from(), request.replyTo());
            if (message.hasAt(idEnd, part)) {
                callers.learn(part, new Caller(request.method(), request.from(), request.replyTo(), part.length));
            }
        }
    }

    /** Reads a result; null if its envelope is not known. */
    RpcCodec.@Nullable Response readResponse(Message message) {
        int idEnd = endOfId(message);
        Server server = idEnd < 0 ? null : servers.find(message, idEnd);
        if (server == null) {
            return null;
        }
        Message result = message.lastValue(idEnd + server.length());
        long id = message.number(RpcCodec.ID_FROM, idEnd);
        return result.length() == 0 ? null : RpcCodec.Response.ofResult(id, server.node(), result, message.length());
    }

    /** Remembers the envelope of a result, if it is written as {@link RpcCodec} does. */
    void learn(RpcCodec.Response response, Message message) {
        int idEnd = endOfId(message);
        if (idEnd >= 0 && response.result() != null && servers.find(message, idEnd) == null) {
            byte[] part = RpcCodec.resultPart(response.from());
            if (message.hasAt(idEnd, part)) {
                servers.learn(part, new Server(response.from(), part.length));
            }
        }
    }

    /** Where an id in digits ends; -1 if the message does not begin with one. */
    private static int endOfId(Message message) {
        if (!message.startsWith(RpcCodec.START_ID)) {
            return -1;
        }
        int end = message.endOfDigits(RpcCodec.ID_FROM);
        return end == RpcCodec.ID_FROM ? -1 : end;
    }
}
