package dev.omnibus.rpc;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.bus.Json;
import dev.omnibus.channel.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The one place that knows how calls are written: JSON-RPC 2.0, with a {@code meta} object beside {@code params}.
 *
 * @see <a href="https://www.jsonrpc.org/specification">JSON-RPC 2.0</a>
 */
final class RpcCodec {

    static final int INVALID_REQUEST = -32600;
    static final int METHOD_NOT_FOUND = -32601;
    static final int INVALID_PARAMS = -32602;
    static final int INTERNAL_ERROR = -32603;
    static final int DEADLINE_PASSED = -32001;
    static final int OVERLOADED = -32002;
    static final int DRAINING = -32003;
    static final int CANCELLED = -32004;
    static final int REFUSED = -32005;

    /** For a request that does not say how much time is left. */
    static final long DEFAULT_TTL_MILLIS = 30_000;

    static final Pattern NODE_ID = Pattern.compile("[A-Za-z0-9_-]*");

    /** A request that cannot be executed, with as much of it as could be read: often enough to answer it. */
    static final class BadRequest extends IOException {

        private final transient Request request;

        BadRequest(Request request, String problem, @Nullable Throwable cause) {
            super(problem, cause);
            this.request = request;
        }

        Request request() {
            return request;
        }
    }

    /** A request as it arrives. The id is kept as it was written, to be sent back; empty for a notification. */
    record Request(String id, String method, @Nullable Message params, String from, String replyTo, long ttlMillis) {}

    /** A response as it arrives: a result, or an error whose code is not 0. */
    record Response(long id, String from, @Nullable Message result, int code, String message) {}

    private final ObjectMapper json;
    private final String node;
    private final String inbox;

    RpcCodec(ObjectMapper json, String node, String inbox) {
        this.json = json;
        this.node = node;
        this.inbox = inbox;
    }

    ObjectReader reader(Type type) {
        JavaType javaType = json.constructType(type);
        return json.readerFor(javaType);
    }

    /** Reads one argument, behind which others follow. */
    ObjectReader argumentReader(Type type) {
        return reader(type).without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    }

    /** Writes arguments once, for as many attempts as it takes. */
    byte[] params(Object[] arguments) {
        try {
            return json.writeValueAsBytes(arguments);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The arguments cannot be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    byte[] request(long id, String method, byte[] params, long ttlMillis) {
        byte[] head = utf8("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":" + Json.quoted(method)
                + ",\"meta\":{\"from\":\"" + node + "\",\"replyTo\":\"" + inbox + "\",\"ttl\":" + ttlMillis
                + "},\"params\":");
        return closed(head, params);
    }

    byte[] notification(String method, Object params) {
        return closed(utf8("{\"jsonrpc\":\"2.0\",\"method\":" + Json.quoted(method) + ",\"params\":"), bytes(params));
    }

    byte[] result(Request request, @Nullable Object value) throws JsonProcessingException {
        byte[] result = json.writeValueAsBytes(value);
        byte[] head = utf8(
                "{\"jsonrpc\":\"2.0\",\"id\":" + request.id() + ",\"meta\":{\"from\":\"" + node + "\"},\"result\":");
        return closed(head, result);
    }

    /** An error; {@code data} is a JSON object written by us, or empty. */
    byte[] error(Request request, int code, String message, String data) {
        return utf8("{\"jsonrpc\":\"2.0\",\"id\":" + (request.id().isEmpty() ? "null" : request.id())
                + ",\"meta\":{\"from\":\"" + node + "\"},\"error\":{\"code\":" + code + ",\"message\":"
                + Json.quoted(message) + (data.isEmpty() ? "" : ",\"data\":" + data) + "}}");
    }

    /**
     * Reads a request or notification.
     *
     * @throws BadRequest if it is neither; the message says why, and may be shown to the caller
     */
    Request readRequest(Message message) throws BadRequest {
        RequestFields fields = new RequestFields();
        try {
            read(message, fields);
        } catch (IOException e) {
            throw new BadRequest(fields.request(), String.valueOf(e.getMessage()), e);
        }
        if (!fields.problem().isEmpty()) {
            throw new BadRequest(fields.request(), fields.problem(), null);
        }
        return fields.request();
    }

    /**
     * Reads a response.
     *
     * @throws IOException if it is none; the message says why
     */
    Response readResponse(Message message) throws IOException {
        ResponseFields fields = new ResponseFields();
        read(message, fields);
        return fields.response();
    }

    /** Reads the fields of an object one by one. */
    interface Fields {
        void read(String name, JsonParser parser, Message message) throws IOException;
    }

    private void read(Message message, Fields fields) throws IOException {
        try (JsonParser parser = json.createParser(message.bytes(), message.offset(), message.length())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("it is not a JSON object");
            }
            if (parser.currentTokenLocation().getByteOffset() < 0) { // Jackson would also read UTF-16 and UTF-32
                throw new IOException("it is not UTF-8");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                fields.read(name, parser, message);
            }
        } catch (JsonProcessingException e) {
            throw new IOException("it is not JSON that can be read", e); // Jackson's own text names its classes
        }
    }

    private static final class ResponseFields implements Fields {

        private long id = -1;
        private String from = "";
        private @Nullable Message result;
        private int code;
        private String message = "";

        @Override
        public void read(String name, JsonParser parser, Message whole) throws IOException {
            switch (name) {
                case "id" -> id = parser.currentToken() == JsonToken.VALUE_NUMBER_INT ? parser.getLongValue() : -1;
                case "result" -> result = Json.slice(parser, whole);
                case "error" ->
                    object(parser, (field, p) -> {
                        switch (field) {
                            case "code" -> code = code(p);
                            case "message" -> message = text(p, field);
                            default -> p.skipChildren();
                        }
                    });
                case "meta" ->
                    object(parser, (field, p) -> {
                        if (field.equals("from")) {
                            from = text(p, field);
                        } else {
                            p.skipChildren();
                        }
                    });
                default -> parser.skipChildren();
            }
        }

        private interface Member {
            void read(String name, JsonParser parser) throws IOException;
        }

        private static void object(JsonParser parser, Member member) throws IOException {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                throw new IOException("its error or meta is not an object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                member.read(name, parser);
            }
        }

        private static int code(JsonParser parser) throws IOException {
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
                throw new IOException("its code is not a whole number");
            }
            return parser.getIntValue();
        }

        Response response() throws IOException {
            if (id < 0) {
                throw new IOException("it has no id of ours");
            }
            if (from.isEmpty() || !NODE_ID.matcher(from).matches()) {
                throw new IOException("its meta.from is not a node id");
            }
            if ((result == null) == (code == 0)) {
                throw new IOException("it has not exactly one of result and error");
            }
            return new Response(id, from, result, code, message);
        }
    }

    /**
     * Reads arguments given by position or by name.
     *
     * @throws IOException if they do not fit; the message may be shown to the caller
     */
    @Nullable
    Object[] arguments(@Nullable Message params, List<String> names, ObjectReader[] readers) throws IOException {
        @Nullable Object[] arguments = new Object[readers.length];
        if (params == null) {
            if (readers.length > 0) {
                throw new IOException("it takes " + readers.length + " arguments and got none");
            }
            return arguments;
        }
        try (JsonParser parser = json.createParser(params.bytes(), params.offset(), params.length())) {
            if (parser.nextToken() == JsonToken.START_ARRAY) {
                byPosition(parser, readers, arguments);
            } else if (parser.currentToken() == JsonToken.START_OBJECT) {
                byName(parser, names, readers, arguments);
            } else {
                throw new IOException("its params are neither an array nor an object");
            }
        } catch (JsonProcessingException | RuntimeException | Error e) { // the program's own constructors again
            throw new IOException("an argument does not fit its type", e);
        }
        return arguments;
    }

    private static void byPosition(JsonParser parser, ObjectReader[] readers, @Nullable Object[] arguments)
            throws IOException {
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (count < readers.length) {
                arguments[count] = readers[count].readValue(parser);
            } else {
                parser.skipChildren();
            }
            count++;
        }
        if (count != readers.length) {
            throw new IOException("it takes " + readers.length + " arguments and got " + count);
        }
    }

    private static void byName(
            JsonParser parser, List<String> names, ObjectReader[] readers, @Nullable Object[] arguments)
            throws IOException {
        BitSet given = new BitSet();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            int index = names.indexOf(parser.currentName());
            parser.nextToken();
            if (index >= 0) {
                arguments[index] = readers[index].readValue(parser);
                given.set(index);
            } else {
                parser.skipChildren(); // such as _meta
            }
        }
        if (given.cardinality() != readers.length) {
            throw new IOException("it takes the arguments " + names + " and got " + given.cardinality() + " of them");
        }
    }

    /** Decodes a result or the params of a notification. */
    static @Nullable Object decode(ObjectReader reader, Message value) throws IOException {
        try {
            return reader.readValue(value.bytes(), value.offset(), value.length());
        } catch (RuntimeException | Error e) { // the program's own constructors are called here
            throw new IOException("it cannot be made into what is expected", e);
        }
    }

    /** Writes what is of our own making. */
    byte[] bytes(Object value) {
        try {
            return json.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Our own " + value.getClass() + " can always be written", e);
        }
    }

    private static String text(JsonParser parser, String name) throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw new IOException("its " + name + " is not a string");
        }
        return parser.getText();
    }

    private static byte[] closed(byte[] head, byte[] last) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(head.length + last.length + 1);
        out.writeBytes(head);
        out.writeBytes(last);
        out.write('}');
        return out.toByteArray();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
