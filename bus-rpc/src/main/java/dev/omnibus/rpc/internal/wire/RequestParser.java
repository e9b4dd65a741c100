package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonParser.NumberType;
import com.fasterxml.jackson.core.JsonToken;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Parses the members of a request one by one. Goes on after a member that is wrong, because those that follow may name
 * the inbox to answer to.
 */
final class RequestParser implements RpcCodec.MemberReader {

    private static final int MAX_HEADERS = 64;

    private static final long NOT_GIVEN = Long.MIN_VALUE;

    private String id = "";
    private String method = "";
    private @Nullable Message params;
    private String from = "";
    private String replyTo = "";
    private long ttlMillis = NOT_GIVEN;
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
                    reject("its jsonrpc is not \"2.0\"");
                }
            }
            case "id" -> id = id(parser, message);
            case "method" -> method = text(parser, name);
            case "params" -> {
                Params read = Params.read(parser, message);
                params = read.value();
                if (read.isObject()) {
                    metaInParams = read.meta();
                } else if (read.meta() != null) {
                    reject("the _meta in its params is not an object");
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
                if (text.length() <= RpcCodec.MAX_NAME_LENGTH) {
                    return text.toString();
                }
                reject("its id has " + text.length() + " bytes; it may have " + RpcCodec.MAX_NAME_LENGTH);
            }
            case VALUE_NULL -> {}
            default -> {
                reject("its id is neither a whole number nor a string");
                parser.skipChildren();
            }
        }
        return "null";
    }

    private void meta(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            reject("its meta is not an object");
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
            case "replyTo" -> replyTo = text(parser, name, RpcCodec.MAX_NAME_LENGTH);
            case "ttl" -> ttlMillis = ttl(parser);
            case "key" -> key = text(parser, name, RpcCodec.MAX_KEY_LENGTH);
            case RpcCodec.TRACE -> trace = text(parser, name, RpcCodec.MAX_TEXT_LENGTH);
            case "headers" -> headers(parser);
            default -> parser.skipChildren();
        }
    }

    /** The meta in its params; null if they have none. */
    @Nullable
    Message metaInParams() {
        return metaInParams;
    }

    /** Reads the meta that was found in the params: what the meta of the request itself does not have. */
    RpcCodec.MemberReader ofMetaInParams() {
        Set<String> given = given();
        return (name, parser, message) -> {
            if (given.contains(name)) {
                parser.skipChildren();
            } else {
                meta(name, parser);
            }
        };
    }

    private Set<String> given() {
        Set<String> given = new HashSet<>();
        addUnless(from.isEmpty(), "from", given);
        addUnless(replyTo.isEmpty(), "replyTo", given);
        addUnless(ttlMillis == NOT_GIVEN, "ttl", given);
        addUnless(key.isEmpty(), "key", given);
        addUnless(trace.isEmpty(), RpcCodec.TRACE, given);
        addUnless(headers.isEmpty(), "headers", given);
        return given;
    }

    private static void addUnless(boolean missing, String name, Set<String> given) {
        if (!missing) {
            given.add(name);
        }
    }

    /** The headers of the program. Only those whose values are strings count. */
    private void headers(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            reject("its headers are not an object");
            parser.skipChildren();
            return;
        }
        Map<String, String> read = new LinkedHashMap<>();
        int characters = 0;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            if (parser.nextToken() == JsonToken.VALUE_STRING && read.size() < MAX_HEADERS) {
                characters += name.length() + parser.getTextLength();
                if (characters > RpcCodec.MAX_HEADER_CHARACTERS) {
                    reject("its headers have more than " + RpcCodec.MAX_HEADER_CHARACTERS + " characters");
                } else {
                    read.put(name, parser.getText());
                }
            } else {
                parser.skipChildren();
            }
        }
        headers = Collections.unmodifiableMap(read);
    }

    /** Reads the params of a cancellation, which have the same names. */
    RpcCodec.MemberReader ofCancel() {
        return (name, parser, message) -> {
            switch (name) {
                case "id" -> id = id(parser, message);
                case "from" -> from = nodeId(parser, name);
                default -> parser.skipChildren();
            }
        };
    }

    /** A node id; it is written to logs, so nothing else is let through. */
    private String nodeId(JsonParser parser, String name) throws IOException {
        String node = text(parser, name, RpcCodec.MAX_NAME_LENGTH);
        if (RpcCodec.isNodeId(node)) {
            return node;
        }
        reject("its " + name + " is not a node id");
        return "";
    }

    private String text(JsonParser parser, String name) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_STRING) {
            return parser.getText();
        }
        reject("its " + name + " is not a string");
        parser.skipChildren();
        return "";
    }

    private String text(JsonParser parser, String name, int longest) throws IOException {
        String text = text(parser, name);
        if (text.length() <= longest) {
            return text;
        }
        reject("its " + name + " has " + text.length() + " characters; it may have " + longest);
        return "";
    }

    private long ttl(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT && parser.getNumberType() != NumberType.BIG_INTEGER) {
            return parser.getLongValue();
        }
        reject("its ttl is not a whole number of milliseconds");
        parser.skipChildren();
        return RpcCodec.DEFAULT_TTL_MILLIS;
    }

    /** What is wrong with the request; empty if nothing is. */
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

    private void reject(String what) {
        if (problem.isEmpty()) {
            problem = what;
        }
    }

    RpcCodec.Request request() {
        long ttl = ttlMillis == NOT_GIVEN ? RpcCodec.DEFAULT_TTL_MILLIS : ttlMillis;
        return new RpcCodec.Request(id, method, params, from, replyTo, ttl, key, allHeaders());
    }

    private Map<String, String> allHeaders() {
        if (trace.isEmpty()) {
            return headers;
        }
        Map<String, String> all = new LinkedHashMap<>();
        all.put(RpcCodec.TRACE, trace);
        headers.forEach(all::putIfAbsent);
        return Collections.unmodifiableMap(all);
    }

    /**
     * The params of a request, and the meta that a caller who can only choose params may have put among them as
     * {@code _meta}. It is no argument, so it is blanked out of a copy of the params.
     *
     * @param meta null if there is none
     */
    private record Params(Message value, @Nullable Message meta) {

        private static final String META = "_meta";

        /** Reads the params at which the parser stands. */
        static Params read(JsonParser parser, Message message) throws IOException {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                return new Params(Json.slice(parser, message), null);
            }
            int start = at(parser.currentTokenLocation(), message);
            int end = start; // of the member before
            boolean kept = false; // one of the members before
            byte[] copy = null;
            Message meta = null;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                int name = at(parser.currentTokenLocation(), message);
                if (copy != null && !kept) {
                    blank(copy, end - start, name - start); // the comma behind it
                }
                boolean isMeta = META.equals(parser.currentName());
                parser.nextToken();
                Message member = Json.slice(parser, message);
                int before = kept ? end : name; // with the comma before it
                end = member.offset() + member.length();
                if (isMeta) {
                    meta = member;
                    copy = copy == null
                            ? Arrays.copyOfRange(message.bytes(), start, message.offset() + message.length())
                            : copy;
                    blank(copy, before - start, end - start);
                }
                kept |= !isMeta;
            }
            int length = at(parser.currentLocation(), message) - start;
            Message params = copy == null ? new Message(message.bytes(), start, length) : new Message(copy, 0, length);
            return new Params(params, meta);
        }

        private static void blank(byte[] copy, int from, int to) {
            Arrays.fill(copy, from, to, (byte) ' ');
        }

        boolean isObject() {
            return meta != null && meta.bytes()[meta.offset()] == '{';
        }

        private static int at(JsonLocation location, Message message) {
            return message.offset() + (int) location.getByteOffset();
        }
    }
}
