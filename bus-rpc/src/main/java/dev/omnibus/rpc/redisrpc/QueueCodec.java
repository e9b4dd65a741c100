package dev.omnibus.rpc.redisrpc;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.Json;
import dev.omnibus.rpc.Adapter.LocalMethods;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/**
 * The one place that knows how redisrpc writes: requests with a function call, answers with a value or an exception.
 */
final class QueueCodec {

    private static final int MAX_NAME_LENGTH = 512;
    /** What stands between the name of a queue and what a client calls its list for an answer. */
    static final String RESPONSES = ":rpc:";

    private static final int INTERNAL_ERROR = -32_603;

    /** A request, or what is wrong with it. The response queue is empty if it cannot be answered. */
    record Request(String method, ArrayNode args, ObjectNode kwargs, String responseQueue, String problem) {}

    private final ObjectMapper json;

    QueueCodec(ObjectMapper json) {
        this.json = json;
    }

    /**
     * Writes a request. An empty list of arguments is left out, because the first of its servers did not know what to
     * do with it.
     *
     * @throws IllegalArgumentException if no reader would take it
     */
    byte[] request(String method, JsonNode params, String responseQueue) {
        ObjectNode call = json.createObjectNode();
        if (params.size() > 0) {
            call.set(params.isArray() ? "args" : "kwargs", params);
        }
        call.put("name", method);
        ObjectNode request = json.createObjectNode();
        request.set("function_call", call);
        try {
            return bytes(request.put("response_queue", responseQueue));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "The arguments of " + method + " cannot be written as JSON: " + Json.unwritable(e), e);
        }
    }

    /** What a bus takes, its own server here and its client there. */
    long maxBytes() {
        return Json.maxBytes(json);
    }

    Request read(byte[] message, String queue) {
        JsonNode tree;
        try {
            tree = tree(message);
        } catch (IOException e) {
            return new Request(
                    "", json.createArrayNode(), json.createObjectNode(), "", "it is not JSON that can be read");
        }
        JsonNode call = tree.path("function_call");
        JsonNode args = call.path("args");
        JsonNode kwargs = call.path("kwargs");
        JsonNode responseQueue = tree.path("response_queue");
        boolean answerable = responseQueue.isTextual()
                && !responseQueue.textValue().isEmpty()
                && responseQueue.textValue().startsWith(queue + RESPONSES) // callers must not choose any list
                && responseQueue.textValue().length() <= MAX_NAME_LENGTH;
        String problem = "";
        if (!answerable) {
            problem = "it has no response_queue that begins with the queue's name and " + RESPONSES;
        } else if (!call.path("name").isTextual()) {
            problem = "it has no function_call with a name";
        } else if (!(args.isMissingNode() || args.isNull() || args.isArray())) {
            problem = "its args are not an array";
        } else if (!(kwargs.isMissingNode() || kwargs.isNull() || kwargs.isObject())) {
            problem = "its kwargs are not an object";
        }
        return new Request(
                call.path("name").asText(),
                args instanceof ArrayNode given ? given : json.createArrayNode(),
                kwargs instanceof ObjectNode given ? given : json.createObjectNode(),
                answerable ? responseQueue.textValue() : "",
                problem);
    }

    /**
     * The arguments in their order, as Python binds them: first those by position, then those by name.
     *
     * @throws IOException if they do not fit; the message may be shown to the caller
     */
    JsonNode params(Request request, List<String> parameters) throws IOException {
        if (request.kwargs().isEmpty()) {
            return request.args();
        }
        if (parameters.isEmpty()) {
            throw new IOException("the names of its parameters are not known here; give the arguments by position");
        }
        Set<String> known = Set.copyOf(parameters);
        for (var names = request.kwargs().fieldNames(); names.hasNext(); ) {
            if (!known.contains(names.next())) {
                throw new IOException("it has only the parameters " + parameters);
            }
        }
        ArrayNode params = request.args().deepCopy();
        for (int i = 0; i < parameters.size(); i++) {
            JsonNode named = request.kwargs().get(parameters.get(i));
            if (named == null && i >= params.size()) {
                throw new IOException("it takes the arguments " + parameters + " and got no " + parameters.get(i));
            } else if (named != null && i < params.size()) {
                throw new IOException("it got its argument " + parameters.get(i) + " twice");
            } else if (named != null) {
                params.add(named);
            }
        }
        return params;
    }

    /** Exactly one of the two keys: for some clients an exception that is null is one. */
    byte[] response(LocalMethods.Answer answer) {
        if (answer.code() != 0) {
            return exception(answer.type().isEmpty() ? name(answer.code()) : answer.type(), answer.message());
        }
        try {
            byte[] response = bytes(json.createObjectNode().set("return_value", answer.result()));
            return response.length <= maxBytes() ? response : tooLarge("result", response);
        } catch (JsonProcessingException e) {
            return exception(name(INTERNAL_ERROR), "the result cannot be sent: " + Json.problem(e));
        }
    }

    /** Its clients read a name, as of a class, where JSON-RPC has a number. */
    private static String name(int code) {
        return switch (code) {
            case -32_601 -> "MethodNotFound";
            case -32_602 -> "InvalidParams";
            case INTERNAL_ERROR -> "InternalError";
            default -> Integer.toString(code);
        };
    }

    byte[] exception(String type, String message) {
        ObjectNode exception = json.createObjectNode().put("exception", type + "(" + message + ")");
        try {
            byte[] response = bytes(exception);
            return response.length <= maxBytes() ? response : tooLarge("exception", response);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A text can always be written", e);
        }
    }

    private byte[] tooLarge(String what, byte[] response) {
        return exception(
                name(INTERNAL_ERROR),
                "the " + what + " is too large to be sent: " + response.length + " bytes, at most " + maxBytes());
    }

    /**
     * Reads an answer.
     *
     * @throws IOException if it is none
     */
    JsonNode readResponse(byte[] message) throws IOException {
        JsonNode tree;
        try {
            tree = tree(message);
        } catch (IOException e) {
            throw new IOException("it is not JSON that can be read", e);
        }
        if (!tree.hasNonNull("exception") && !tree.has("return_value")) {
            throw new IOException("it has neither a return_value nor an exception");
        }
        return tree;
    }

    private JsonNode tree(byte[] message) throws IOException {
        return Json.read(json.readerFor(JsonNode.class), new Message(message, 0, message.length));
    }

    private byte[] bytes(JsonNode tree) throws JsonProcessingException {
        return Json.write(json.writer(), tree);
    }
}
