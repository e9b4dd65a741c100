package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Parses the members of a response one by one. */
final class ResponseParser implements RpcCodec.MemberReader {

    private long id = -1;
    private String textId = ""; // of a queued call
    private String from = "";
    private @Nullable Message result;
    private int code;
    private String message = "";
    private String type = "";
    private @Nullable Message details;
    private long retryAfterMillis;
    private @Nullable IOException wrong;

    @Override
    public void read(String name, JsonParser parser, Message whole) throws IOException {
        member(this::response, name, parser, whole);
    }

    /** Goes on after a member that is wrong: those that follow may name the call. */
    private void member(RpcCodec.MemberReader fields, String name, JsonParser parser, Message whole)
            throws IOException {
        try {
            fields.read(name, parser, whole);
        } catch (JsonProcessingException broken) {
            throw broken; // nothing behind it can be read
        } catch (IOException e) {
            wrong = wrong == null ? e : wrong;
            parser.skipChildren();
        }
    }

    private void response(String name, JsonParser parser, Message whole) throws IOException {
        switch (name) {
            case "id" -> {
                id = parser.currentToken() == JsonToken.VALUE_NUMBER_INT ? parser.getLongValue() : -1;
                textId = parser.currentToken() == JsonToken.VALUE_STRING ? parser.getText() : "";
            }
            case "result" -> result = Json.slice(parser, whole);
            case "error" -> object(parser, whole, this::error);
            case "meta" -> object(parser, whole, this::meta);
            default -> parser.skipChildren();
        }
    }

    private void meta(String name, JsonParser parser, Message whole) throws IOException {
        if (name.equals("from")) {
            if (!from.isEmpty()) {
                throw new IOException("its meta has a member twice");
            }
            from = nodeId(parser, name);
        } else {
            parser.skipChildren();
        }
    }

    private void error(String name, JsonParser parser, Message whole) throws IOException {
        switch (name) {
            case "code" -> {
                if (code != 0) {
                    throw new IOException("its error has a member twice");
                }
                code = code(parser);
            }
            case "message" -> message = RpcFailures.sanitized(text(parser, name));
            case "data" -> {
                if (parser.currentToken() == JsonToken.START_OBJECT) {
                    object(parser, whole, this::data);
                } else {
                    parser.skipChildren(); // of another protocol
                }
            }
            default -> parser.skipChildren();
        }
    }

    /** Never a reason to lose the error itself: what is not as expected is skipped. */
    private void data(String name, JsonParser parser, Message whole) throws IOException {
        JsonToken token = parser.currentToken();
        if (name.equals("type") && token == JsonToken.VALUE_STRING) {
            type = RpcFailures.sanitized(parser.getText());
        } else if (name.equals("details")) {
            details = Json.slice(parser, whole);
        } else if (name.equals("retryAfterMs")
                && token == JsonToken.VALUE_NUMBER_INT
                && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
            retryAfterMillis = Math.max(0, Math.min(parser.getLongValue(), Integer.MAX_VALUE));
        } else {
            parser.skipChildren();
        }
    }

    private void object(JsonParser parser, Message whole, RpcCodec.MemberReader members) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw new IOException("its error or meta is not an object");
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            member(members, name, parser, whole);
        }
    }

    private static int code(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw new IOException("its code is not a whole number");
        }
        if (parser.getNumberType() != JsonParser.NumberType.INT) {
            throw new IOException("its code is beyond 32 bits");
        }
        int code = parser.getIntValue();
        if (code == RpcCodec.UNREADABLE) {
            throw new IOException("its code is none that is sent");
        }
        return code;
    }

    /** A node id; it is remembered and written to logs, so nothing else is let through. */
    private static String nodeId(JsonParser parser, String name) throws IOException {
        String node = text(parser, name);
        if (!RpcCodec.isNodeId(node)) {
            throw new IOException("its " + name + " is not a node id");
        }
        return node;
    }

    private static String text(JsonParser parser, String name) throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw new IOException("its " + name + " is not a string");
        }
        return parser.getText();
    }

    /** What is left of a response that cannot be read; null if its call is not known. */
    RpcCodec.@Nullable Response unreadable(IOException why, int size) {
        if (id < 0 || from.isEmpty() || !RpcCodec.isNodeId(from)) {
            return null;
        }
        boolean tooMuch = Json.causeOf(why, StreamConstraintsException.class) != null;
        String problem = tooMuch ? Json.problem(why) : String.valueOf(why.getMessage());
        return new RpcCodec.Response(id, from, null, RpcCodec.UNREADABLE, problem, "", null, 0, size);
    }

    RpcCodec.Response response(int size) throws IOException {
        if (id < 0) {
            throw new IOException("it has no id of ours");
        }
        if (from.isEmpty()) {
            throw new IOException("its meta.from is not a node id");
        }
        return checked(size);
    }

    /** That of a queued call, which perhaps no node has begun. */
    RpcCodec.QueuedReply queuedReply(int size) throws IOException {
        if (textId.isEmpty()) {
            throw new IOException("it has no id of a queued call");
        }
        return new RpcCodec.QueuedReply(textId, checked(size));
    }

    private RpcCodec.Response checked(int size) throws IOException {
        if (!RpcCodec.isNodeId(from)) {
            throw new IOException("its meta.from is not a node id");
        }
        if (wrong != null) {
            throw wrong;
        }
        if ((result == null) == (code == 0)) {
            throw new IOException("it has not exactly one of result and error");
        }
        return new RpcCodec.Response(id, from, result, code, message, type, details, retryAfterMillis, size);
    }
}
