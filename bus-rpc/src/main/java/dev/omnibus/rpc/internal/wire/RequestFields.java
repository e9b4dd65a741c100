package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonParser.NumberType;
import com.fasterxml.jackson.core.JsonToken;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a request as they are read. Goes on behind a field that is wrong, because those that follow may say
 * whom to tell.
 */
public final class RequestFields implements RpcCodec.Fields {

    private static final int MAX_HEADERS = 64;

    /** Of these together, with their names: they are kept until the call has its answer, in many calls at a time. */
    public static final int MAX_HEADER_CHARACTERS = 65_536;

    /** The header that a call passes on to the calls that are made while it is served. */
    public static final String TRACE = "traceparent";

    /** How the keys begin that calls get by themselves. */
    public static final String OWN_KEY = "~";

    /** Of a key, or of the value of a header, in characters. */
    public static final int MAX_TEXT_LENGTH = 4_096;

    /** Of what is remembered for a while: many of them shall not fill the memory. */
    static final int MAX_NAME_LENGTH = 512;

    static final int MAX_KEY_LENGTH = MAX_TEXT_LENGTH + 32; // with what callers of ours add to it

    private static final long NOT_SAID = Long.MIN_VALUE;

    private String id = "";
    private String method = "";
    private @Nullable Message params;
    private String from = "";
    private String replyTo = "";
    private long ttlMillis = NOT_SAID;
    private String key = "";
    private String trace = "";
    private Map<String, String> headers = Map.of();
    private @Nullable Message metaInParams;
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
            case "params" -> {
                MetaInParams read = MetaInParams.read(parser, message);
                params = read.params();
                if (read.isObject()) {
                    metaInParams = read.meta();
                } else if (read.meta() != null) {
                    wrong("the _meta in its params is not an object");
                }
            }
            case "meta" -> meta(parser);
            default -> parser.skipChildren();
        }
    }

    private String id(JsonParser parser, Message message) throws IOException {
        switch (parser.currentToken()) {
            case VALUE_NUMBER_INT, VALUE_STRING -> {
                Message text = Json.slice(parser, message);
                if (text.length() <= MAX_NAME_LENGTH) {
                    return text.toString();
                }
                wrong("its id has " + text.length() + " bytes; it may have " + MAX_NAME_LENGTH);
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
            meta(name, parser);
        }
    }

    private void meta(String name, JsonParser parser) throws IOException {
        switch (name) {
            case "from" -> from = nodeId(parser, name);
            case "replyTo" -> replyTo = text(parser, name, MAX_NAME_LENGTH);
            case "ttl" -> ttlMillis = ttl(parser);
            case "key" -> key = text(parser, name, MAX_KEY_LENGTH);
            case TRACE -> trace = text(parser, name, MAX_TEXT_LENGTH);
            case "headers" -> headers(parser);
            default -> parser.skipChildren();
        }
    }

    /** Null if its params have none. */
    @Nullable
    Message metaInParams() {
        return metaInParams;
    }

    /** The fields of the meta that was found in the params: what meta itself does not say. */
    RpcCodec.Fields ofMetaInParams() {
        Set<String> said = said();
        return (name, parser, message) -> {
            if (said.contains(name)) {
                parser.skipChildren();
            } else {
                meta(name, parser);
            }
        };
    }

    private Set<String> said() {
        Set<String> said = new HashSet<>();
        addUnless(from.isEmpty(), "from", said);
        addUnless(replyTo.isEmpty(), "replyTo", said);
        addUnless(ttlMillis == NOT_SAID, "ttl", said);
        addUnless(key.isEmpty(), "key", said);
        addUnless(trace.isEmpty(), TRACE, said);
        addUnless(headers.isEmpty(), "headers", said);
        return said;
    }

    private static void addUnless(boolean missing, String name, Set<String> said) {
        if (!missing) {
            said.add(name);
        }
    }

    /** What the caller's program has to say. Only texts are. */
    private void headers(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            wrong("its headers are not an object");
            parser.skipChildren();
            return;
        }
        Map<String, String> read = new LinkedHashMap<>();
        int characters = 0;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            if (parser.nextToken() == JsonToken.VALUE_STRING && read.size() < MAX_HEADERS) {
                characters += name.length() + parser.getTextLength();
                if (characters > MAX_HEADER_CHARACTERS) {
                    wrong("its headers have more than " + MAX_HEADER_CHARACTERS + " characters");
                } else {
                    read.put(name, parser.getText());
                }
            } else {
                parser.skipChildren();
            }
        }
        headers = Collections.unmodifiableMap(read);
    }

    /** The fields of the params of a cancellation, which have the same names. */
    RpcCodec.Fields ofCancel() {
        return (name, parser, message) -> {
            switch (name) {
                case "id" -> id = id(parser, message);
                case "from" -> from = nodeId(parser, name);
                default -> parser.skipChildren();
            }
        };
    }

    /** It is written to logs: nothing but a node id gets there. */
    private String nodeId(JsonParser parser, String name) throws IOException {
        String node = text(parser, name, MAX_NAME_LENGTH);
        if (RpcCodec.isNodeId(node)) {
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

    private String text(JsonParser parser, String name, int longest) throws IOException {
        String text = text(parser, name);
        if (text.length() <= longest) {
            return text;
        }
        wrong("its " + name + " has " + text.length() + " characters; it may have " + longest);
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
        if (!problem.isEmpty()) {
            return problem;
        }
        if (method.isEmpty()) {
            return "it has no method";
        }
        Message given = params;
        boolean structured =
                given == null || given.bytes()[given.offset()] == '[' || given.bytes()[given.offset()] == '{';
        return structured ? "" : "its params are neither an array nor an object";
    }

    private void wrong(String what) {
        if (problem.isEmpty()) {
            problem = what;
        }
    }

    RpcCodec.Request request() {
        long ttl = ttlMillis == NOT_SAID ? RpcCodec.DEFAULT_TTL_MILLIS : ttlMillis;
        return new RpcCodec.Request(id, method, params, from, replyTo, ttl, key, allHeaders());
    }

    private Map<String, String> allHeaders() {
        if (trace.isEmpty()) {
            return headers;
        }
        Map<String, String> all = new LinkedHashMap<>();
        all.put(TRACE, trace);
        headers.forEach(all::putIfAbsent);
        return Collections.unmodifiableMap(all);
    }
}
