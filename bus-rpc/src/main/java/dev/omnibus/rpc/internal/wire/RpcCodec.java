package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.type.TypeFactory;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import dev.omnibus.internal.channel.Digits;
import dev.omnibus.internal.channel.MemoryBudget;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.json.ValueWriter;
import dev.omnibus.internal.observe.TraceContext;
import java.io.IOException;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The codec of calls: JSON-RPC 2.0, with a {@code meta} object beside {@code params}. No other class knows how calls
 * are written.
 *
 * @see <a href="https://www.jsonrpc.org/specification">JSON-RPC 2.0</a>
 */
public final class RpcCodec {

    static final int PARSE_ERROR = -32700;
    public static final int INVALID_REQUEST = -32600;
    public static final int METHOD_NOT_FOUND = -32601;
    public static final int INVALID_PARAMS = -32602;
    public static final int INTERNAL_ERROR = -32603;
    public static final int DEADLINE_PASSED = -32001;
    public static final int OVERLOADED = -32002;
    public static final int DRAINING = -32003;
    public static final int CANCELLED = -32004;
    public static final int REFUSED = -32005;
    public static final int NODE_LOST = -32006;
    public static final int POISON = -32007;

    /** The code of a response that arrived and cannot be read; never sent, and refused if it is received. */
    public static final int UNREADABLE = Integer.MIN_VALUE;

    /** The data of an error that advises to try again a little later. */
    public static final String RETRY_AFTER = "{\"retryAfterMs\":100}";

    /** The notification that cancels a call. */
    public static final String CANCEL = "$/cancelRequest";

    /**
     * The largest size of all headers together, with their names: they are kept until the call has its answer, in many
     * calls at a time.
     */
    public static final int MAX_HEADER_CHARACTERS = 65_536;

    /** The header that says which trace a call belongs to; it has a place of its own. */
    public static final String TRACE = TraceContext.PARENT;

    /** The beginning of keys that calls get from the client itself. */
    public static final String OWN_KEY = "~";

    /** The longest key or value of a header, in characters. */
    public static final int MAX_TEXT_LENGTH = 4_096;

    /** The longest name that is remembered for a while: many of them must not fill the memory. */
    static final int MAX_NAME_LENGTH = 512;

    static final int MAX_KEY_LENGTH = MAX_TEXT_LENGTH + 32; // with what callers of ours add to it

    /** The time of a request that does not have one. */
    static final long DEFAULT_TTL_MILLIS = 30_000;

    /** The beginning of a message with an id. */
    static final byte[] START_ID = WireBytes.utf8("{\"jsonrpc\":\"2.0\",\"id\":");

    /** The offset of the id then. */
    static final int ID_FROM = START_ID.length;

    /** What stands before a key, which is a text. */
    static final byte[] KEY_TEXT = WireBytes.utf8(",\"key\":\"");

    private static final String TRACE_MEMBER = ",\"traceparent\":";

    /** What stands before a trace, which is a text. */
    static final byte[] TRACE_TEXT = WireBytes.utf8(TRACE_MEMBER + "\"");

    /** What stands between the meta of a request and its params. */
    static final byte[] PARAMS = WireBytes.utf8("},\"params\":");

    private static final Logger LOG = LoggerFactory.getLogger(RpcCodec.class);
    private static final byte[] START = WireBytes.utf8("{\"jsonrpc\":\"2.0\"");
    private static final byte[] KEY = WireBytes.utf8(",\"key\":");
    private static final byte[] NOTHING = {};

    /** How much is remembered of callers and servers, to read their messages quickly. */
    private static final long REMEMBERED_BYTES =
            32L * 1024 * 1024; // a thousand callers of twenty methods need half of it

    /** A request that cannot be executed, with as much of it as could be read: often enough to answer it. */
    public static final class BadRequest extends IOException {

        private final transient Request request;

        BadRequest(Request request, String problem, @Nullable Throwable cause) {
            super(problem, cause);
            this.request = request.id().isEmpty() ? request.withNullId() : request; // as JSON-RPC has it
        }

        public Request request() {
            return request;
        }

        public int code() {
            Throwable cause = getCause();
            return cause != null && cause.getCause() instanceof JsonProcessingException ? PARSE_ERROR : INVALID_REQUEST;
        }
    }

    /**
     * A request as it arrives. The id is kept as it was written, to be sent back; empty for a notification. The key is
     * empty if there is none.
     */
    public record Request(
            String id,
            String method,
            @Nullable Message params,
            String from,
            String replyTo,
            long ttlMillis,
            String key,
            Map<String, String> headers) {

        /** The same from a queue: it has an id and a time of its own, and is answered there. */
        public Request queued(String quotedId, long millisLeft) {
            return new Request(quotedId, method, params, from, "", millisLeft, "", headers);
        }

        Request withNullId() {
            return new Request("null", method, params, from, replyTo, ttlMillis, key, headers);
        }

        /** The same request without the arguments, which take the room. */
        public Request withoutParams() {
            return withParams(null);
        }

        public Request withParams(@Nullable Message others) {
            return new Request(id, method, others, from, replyTo, ttlMillis, key, headers);
        }
    }

    /** A response as it arrives, in so many bytes: a result, or an error whose code is not 0. */
    public record Response(
            long id,
            String from,
            @Nullable Message result,
            int code,
            String message,
            String type,
            @Nullable Message details,
            long retryAfterMillis,
            int size) {

        public static Response ofResult(long id, String from, Message result, int size) {
            return new Response(id, from, result, 0, "", "", null, 0, size);
        }
    }

    /** The answer of a queued call, whose id is a text. Nobody has begun it if its {@code from} is empty. */
    public record QueuedReply(String id, Response response) {}

    /** The outcome of a call, without its id, already written: a result if its code is 0, or else an error. */
    public record Answer(int code, byte[] body) {

        public boolean isResult() {
            return code == 0;
        }
    }

    private final MemoryBudget remembered = new MemoryBudget(REMEMBERED_BYTES);
    private final ObjectMapper json;
    private final String node;
    private final String inbox;
    private final byte[] resultPart;
    private final byte[] errorPart;

    public RpcCodec(ObjectMapper json, String node, String inbox) {
        this.json = json.getRegisteredModuleIds().contains(new Jdk8Module().getTypeId())
                ? json
                : json.copy().registerModule(new Jdk8Module()); // contracts may give an Optional
        this.node = node;
        this.inbox = inbox;
        this.resultPart = resultPart(node);
        this.errorPart = WireBytes.utf8(",\"meta\":{\"from\":\"" + node + "\"},\"error\":");
    }

    /** The size of the largest text that is read. */
    public long maxBytes() {
        return Json.maxBytes(json);
    }

    public ObjectMapper json() {
        return json;
    }

    /** A cache for one reader of messages. */
    public RpcEnvelopeCache envelopeCache() {
        return new RpcEnvelopeCache(remembered);
    }

    /** Knows what the modules of the mapper make of types. */
    public TypeFactory types() {
        return json.getTypeFactory();
    }

    public ObjectReader reader(Type type) {
        return json.readerFor(json.constructType(type));
    }

    public ValueWriter writer(Type type) {
        return ValueWriter.of(json, type);
    }

    public Arguments.Reader argumentReader(String method, List<String> names, List<? extends Type> types) {
        return new Arguments.Reader(method, json, names, types);
    }

    public Arguments.Writer argumentWriter(List<? extends Type> types) {
        return new Arguments.Writer(json, types);
    }

    /** The part of a request that is the same for all calls of a method. */
    public byte[] methodPart(String method) {
        return methodPart(method, node, inbox);
    }

    /** The same for the calls of any node. */
    static byte[] methodPart(String method, String from, String replyTo) {
        return WireBytes.utf8(",\"method\":" + Json.quoted(method) + ",\"meta\":{\"from\":\"" + from + "\",\"replyTo\":"
                + Json.quoted(replyTo) + ",\"ttl\":");
    }

    /** What stands between the id and the result in what a node answers. */
    static byte[] resultPart(String from) {
        return WireBytes.utf8(",\"meta\":{\"from\":\"" + from + "\"},\"result\":");
    }

    /**
     * The part of a request that the caller's headers make; each is behind a comma. The trace has a place of its own.
     */
    public static byte[] headerPart(Map<String, String> headers) {
        String trace = headers.get(TRACE);
        if (trace != null && headers.size() == 1 && Json.isPlain(trace)) { // another one with each call
            byte[] text = WireBytes.utf8(trace);
            return new WireBytes(TRACE_TEXT.length + text.length + 1)
                    .put(TRACE_TEXT)
                    .put(text)
                    .put('"')
                    .toBytes();
        }
        StringBuilder part = new StringBuilder();
        if (trace != null) {
            part.append(TRACE_MEMBER).append(Json.quoted(trace));
        }
        if (headers.size() > (trace == null ? 0 : 1)) {
            String before = ",\"headers\":{";
            for (Map.Entry<String, String> header : headers.entrySet()) {
                if (!header.getKey().equals(TRACE)) {
                    part.append(before).append(Json.quoted(header.getKey())).append(':');
                    part.append(Json.quoted(header.getValue()));
                    before = ",";
                }
            }
            part.append('}');
        }
        return part.isEmpty() ? NOTHING : WireBytes.utf8(part.toString());
    }

    byte[] request(long id, String method, byte[] params, long ttlMillis) {
        return request(id, methodPart(method), params, ttlMillis, "", NOTHING);
    }

    /** A request, or a one-way one if the id is 0. */
    public byte[] request(long id, byte[] methodPart, byte[] params, long ttlMillis, String key, byte[] headerPart) {
        byte[] keyPart = key.isEmpty() ? NOTHING : WireBytes.utf8(Json.quoted(key));
        int length = Digits.count(ttlMillis)
                + (id == 0 ? START.length : START_ID.length + Digits.count(id))
                + (key.isEmpty() ? 0 : KEY.length + keyPart.length)
                + (methodPart.length + headerPart.length + PARAMS.length + params.length + 1);
        WireBytes out = new WireBytes(length);
        if (id == 0) {
            out.put(START);
        } else {
            out.put(START_ID).put(id);
        }
        out.put(methodPart).put(ttlMillis);
        if (!key.isEmpty()) {
            out.put(KEY).put(keyPart);
        }
        return out.put(headerPart).put(PARAMS).put(params).put('}').toBytes();
    }

    /** A request that may wait in a queue, with a text for its id. */
    public static byte[] queuedRequest(String id, byte[] methodPart, byte[] params, long ttlMillis, byte[] headerPart) {
        byte[] quoted = WireBytes.utf8(Json.quoted(id));
        return new WireBytes(START_ID.length
                        + quoted.length
                        + methodPart.length
                        + Digits.count(ttlMillis)
                        + (headerPart.length + PARAMS.length + params.length + 1))
                .put(START_ID)
                .put(quoted)
                .put(methodPart)
                .put(ttlMillis)
                .put(headerPart)
                .put(PARAMS)
                .put(params)
                .put('}')
                .toBytes();
    }

    /** Whether a message is the answer of a queued call, by its first bytes. */
    public static boolean isQueuedReply(Message message) {
        return message.length() > ID_FROM
                && message.bytes()[message.offset() + ID_FROM] == '"'
                && message.startsWith(START_ID);
    }

    /**
     * Reads the answer of a queued call.
     *
     * @throws IOException if it is none; the message says why
     */
    public QueuedReply readQueuedReply(Message message) throws IOException {
        ResponseParser fields = new ResponseParser();
        read(message, fields);
        return fields.queuedReply(message.length());
    }

    /** Writes the cancellation of a call of this client. */
    public byte[] cancel(long id) {
        return WireBytes.utf8("{\"jsonrpc\":\"2.0\",\"method\":\"" + CANCEL + "\",\"params\":{\"id\":" + id
                + ",\"from\":\"" + node + "\"}}");
    }

    public byte[] notification(String method, Object params) {
        byte[] head = WireBytes.utf8(",\"method\":" + Json.quoted(method) + ",\"params\":");
        byte[] body = bytes(params);
        return new WireBytes(START.length + head.length + body.length + 1)
                .put(START)
                .put(head)
                .put(body)
                .put('}')
                .toBytes();
    }

    /** A result that is written by its class. */
    public Answer result(@Nullable Object value) throws JsonProcessingException {
        return new Answer(0, Json.write(json.writer(), value));
    }

    public static Answer result(ValueWriter writer, @Nullable Object value) throws JsonProcessingException {
        return new Answer(0, writer.write(value));
    }

    /** An error; {@code data} is a JSON object written by us, or empty. */
    public static Answer error(int code, String message, String data) {
        return new Answer(
                code,
                WireBytes.utf8("{\"code\":" + code + ",\"message\":" + Json.quoted(message)
                        + (data.isEmpty() ? "" : ",\"data\":" + data) + "}"));
    }

    /** An error of the service itself, with the details that its author gave it. */
    static Answer fault(int code, String message, String type, byte[] details) {
        boolean bare = details.length == 0;
        String data = (type.isEmpty() ? "" : "\"type\":" + Json.quoted(type))
                + (type.isEmpty() || bare ? "" : ",")
                + (bare ? "" : "\"details\":" + new String(details, StandardCharsets.UTF_8));
        return error(code, message, data.isEmpty() ? "" : "{" + data + "}");
    }

    /** The response to a request with this id, as it was written there. */
    public byte[] response(String id, Answer answer) {
        byte[] idBytes = WireBytes.utf8(id.isEmpty() ? "null" : id);
        byte[] part = answer.isResult() ? resultPart : errorPart;
        return new WireBytes(START_ID.length + idBytes.length + part.length + answer.body().length + 1)
                .put(START_ID)
                .put(idBytes)
                .put(part)
                .put(answer.body())
                .put('}')
                .toBytes();
    }

    /** Whether a text may be a node id. The empty text is none, but does no harm. */
    public static boolean isNodeId(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
                return false;
            }
        }
        return text.length() <= MAX_NAME_LENGTH;
    }

    /**
     * Reads a request or notification, quickly if its caller is known.
     *
     * @throws BadRequest if it is neither; the message says why, and may be shown to the caller
     */
    public Request readRequest(Message message, RpcEnvelopeCache known) throws BadRequest {
        Request request = known.readRequest(message);
        if (request == null) {
            request = readRequest(message);
            known.learn(request, message);
        }
        return request;
    }

    /**
     * Reads a response, quickly if it is a result of a node that is known.
     *
     * @throws IOException if it is none; the message says why
     */
    public Response readResponse(Message message, RpcEnvelopeCache known) throws IOException {
        Response response = known.readResponse(message);
        if (response == null) {
            response = readResponse(message);
            known.learn(response, message);
        }
        return response;
    }

    /**
     * Reads a request or notification.
     *
     * @throws BadRequest if it is neither; the message says why, and may be shown to the caller
     */
    public Request readRequest(Message message) throws BadRequest {
        RequestParser fields = new RequestParser();
        try {
            read(message, fields);
            if (fields.metaInParams() != null) {
                read(fields.metaInParams(), fields.ofMetaInParams());
            }
        } catch (IOException e) {
            throw new BadRequest(fields.request(), String.valueOf(e.getMessage()), e);
        }
        if (!fields.problem().isEmpty()) {
            throw new BadRequest(fields.request(), fields.problem(), null);
        }
        return fields.request();
    }

    /**
     * Reads the params of a cancellation: whose request, and which.
     *
     * @throws IOException if they are not
     */
    public Request readCancel(@Nullable Message params) throws IOException {
        RequestParser fields = new RequestParser();
        if (params != null) {
            read(params, fields.ofCancel());
        }
        return fields.request();
    }

    /**
     * Reads a response. One that cannot be read, but names its call, is an error of its own.
     *
     * @throws IOException if it is none; the message says why
     */
    public Response readResponse(Message message) throws IOException {
        ResponseParser fields = new ResponseParser();
        try {
            read(message, fields);
            return fields.response(message.length());
        } catch (IOException e) {
            Response unreadable = fields.unreadable(e, message.length());
            if (unreadable == null) {
                throw e;
            }
            return unreadable;
        }
    }

    /** Reads the members of an object one by one. */
    interface MemberReader {
        void read(String name, JsonParser parser, Message message) throws IOException;
    }

    private void read(Message message, MemberReader fields) throws IOException {
        try (JsonParser parser = Json.envelope(message)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("it is not a JSON object");
            }
            Set<String> seen = new HashSet<>();
            if (parser.currentTokenLocation().getByteOffset() < 0) { // Jackson would also read UTF-16 and UTF-32
                throw new IOException("it is not UTF-8");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                if (!seen.add(name)) {
                    throw new IOException("it has a member twice");
                }
                parser.nextToken();
                fields.read(name, parser, message);
            }
        } catch (JsonProcessingException e) {
            throw new IOException("it is not JSON that can be read", e); // Jackson's message names classes
        }
    }

    /** Reads a value without a type. */
    public JsonNode tree(@Nullable Message value) throws IOException {
        return value == null ? MissingNode.getInstance() : Json.read(json.readerFor(JsonNode.class), value);
    }

    /** Decodes a result or the params of a notification. */
    public static @Nullable Object decode(ObjectReader reader, Message value) throws IOException {
        Object read;
        try {
            read = Json.read(reader, value);
        } catch (IOException e) {
            logIfBroken(e);
            throw e;
        } catch (RuntimeException | Error e) { // the program's own constructors are called here
            logIfBroken(e);
            throw new IOException("it cannot be made into what is expected", e);
        }
        JavaType type = reader.getValueType();
        if (type.isPrimitive() && !type.hasRawClass(void.class) && value.bytes()[value.offset()] == 'n') {
            throw new IOException("it is null");
        }
        return read;
    }

    /** Logs a broken class of this program: it is no fault of the sender, and would be seen nowhere else. */
    private static void logIfBroken(Throwable e) {
        if (Json.causeOf(e, Error.class) != null) {
            FailureLog.error(LOG, e, "What was received could not be read");
        }
    }

    /** Writes a value of ours. */
    public byte[] bytes(Object value) {
        try {
            return Json.write(json.writer(), value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Our own " + value.getClass() + " can always be written", e);
        }
    }
}
