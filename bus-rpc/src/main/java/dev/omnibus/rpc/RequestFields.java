package dev.omnibus.rpc;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonParser.NumberType;
import com.fasterxml.jackson.core.JsonToken;
import dev.omnibus.bus.Json;
import dev.omnibus.channel.Message;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a request as they are read. Goes on behind a field that is wrong, because those that follow may say
 * whom to tell.
 */
final class RequestFields implements RpcCodec.Fields {

    private String id = "";
    private String method = "";
    private @Nullable Message params;
    private String from = "";
    private String replyTo = "";
    private long ttlMillis = RpcCodec.DEFAULT_TTL_MILLIS;
    private String problem = "";

    @Override
    public void read(String name, JsonParser parser, Message message) throws IOException {
        switch (name) {
            case "jsonrpc" -> {
                if (!text(parser, name).equals("2.0")) {
                    wrong("its jsonrpc is not \"2.0\"");
                }
            }
            case "id" -> id = id(parser, message);
            case "method" -> method = text(parser, name);
            case "params" -> params = Json.slice(parser, message);
            case "meta" -> meta(parser);
            default -> parser.skipChildren();
        }
    }

    private String id(JsonParser parser, Message message) throws IOException {
        switch (parser.currentToken()) {
            case VALUE_NUMBER_INT, VALUE_STRING -> {
                return Json.slice(parser, message).toString();
            }
            case VALUE_NULL -> {}
            default -> {
                wrong("its id is neither a whole number nor a string");
                parser.skipChildren();
            }
        }
        return "null";
    }

    private void meta(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            wrong("its meta is not an object");
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "from" -> from = nodeId(parser, name);
                case "replyTo" -> replyTo = text(parser, name);
                case "ttl" -> ttlMillis = ttl(parser);
                default -> parser.skipChildren();
            }
        }
    }

    /** It is written to logs: nothing but a node id gets there. */
    private String nodeId(JsonParser parser, String name) throws IOException {
        String node = text(parser, name);
        if (RpcCodec.NODE_ID.matcher(node).matches()) {
            return node;
        }
        wrong("its " + name + " is not a node id");
        return "";
    }

    private String text(JsonParser parser, String name) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_STRING) {
            return parser.getText();
        }
        wrong("its " + name + " is not a string");
        parser.skipChildren();
        return "";
    }

    private long ttl(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT && parser.getNumberType() != NumberType.BIG_INTEGER) {
            return parser.getLongValue();
        }
        wrong("its ttl is not a whole number of milliseconds");
        parser.skipChildren();
        return RpcCodec.DEFAULT_TTL_MILLIS;
    }

    /** What is wrong with it, or nothing. */
    String problem() {
        return problem.isEmpty() && method.isEmpty() ? "it has no method" : problem;
    }

    private void wrong(String what) {
        if (problem.isEmpty()) {
            problem = what;
        }
    }

    RpcCodec.Request request() {
        return new RpcCodec.Request(id, method, params, from, replyTo, ttlMillis);
    }
}
