package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.rpc.internal.server.ReplySender;
import dev.omnibus.rpc.internal.server.ServedMethod;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Methods of one object, called in this process with JSON: what an adapter serves by another protocol than that of the
 * bus. Arguments are read, and exceptions told, as {@link RpcServer} does it; but interceptors are not asked, and there
 * is no {@link CallContext}. Thread-safe if the object is.
 */
public final class LocalMethods {

    /** A method and the names of its parameters; none if they are not known. */
    record Local(ServedMethod method, List<String> parameters) {}

    /**
     * What a call came to: a result or an error.
     *
     * @param result the result; null if it is an error
     * @param code 0, or that of the error: positive for the service's own, else one of JSON-RPC
     * @param type what the service calls the error; may be empty
     * @param message for the caller to read
     */
    public record Answer(@Nullable JsonNode result, int code, String type, String message) {}

    private final RpcCodec codec;
    private final Map<String, Local> methods;

    LocalMethods(RpcCodec codec, Map<String, Local> methods) {
        this.codec = codec;
        this.methods = Map.copyOf(methods);
    }

    /**
     * The names of the methods.
     *
     * @return the names, without a service
     */
    public Set<String> names() {
        return methods.keySet();
    }

    /**
     * The names of a method's parameters.
     *
     * @param method the method's name
     * @return the names in order; empty if it has none, if they are not known, or if there is no such method
     */
    public List<String> parameters(String method) {
        Local local = methods.get(method);
        return local == null ? List.of() : local.parameters();
    }

    /**
     * Calls a method on this thread.
     *
     * @param method the method's name
     * @param params an array of the arguments in their order, or an object with their names
     * @return completes with the answer, later if the method gives a stage; never fails
     */
    public CompletableFuture<Answer> call(String method, JsonNode params) {
        Local local = methods.get(method);
        if (local == null) {
            return error(RpcCodec.METHOD_NOT_FOUND, "method \"" + method + "\" does not exist");
        }
        ServedMethod served = local.method();
        @Nullable Object[] arguments;
        try {
            byte[] bytes = codec.bytes(params);
            arguments = served.arguments(new Message(bytes, 0, bytes.length));
        } catch (IOException e) {
            return error(RpcCodec.INVALID_PARAMS, String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) { // a broken class path, which is no matter of the caller's arguments
            return CompletableFuture.completedFuture(failed(method, served, e));
        }
        try {
            Object result = served.run(arguments);
            if (served.mayGiveStage() && result instanceof CompletionStage<?> stage) {
                CompletableFuture<Answer> answer = new CompletableFuture<>();
                stage.whenComplete((value, failure) -> answer.complete(
                        failure == null ? told(method, served, () -> value) : failed(method, served, failure)));
                return answer;
            }
            return CompletableFuture.completedFuture(told(method, served, () -> result));
        } catch (Throwable t) {
            return CompletableFuture.completedFuture(failed(method, served, t));
        }
    }

    private Answer told(String method, ServedMethod served, Supplier<@Nullable Object> value) {
        try {
            byte[] written = served.result().write(value.get());
            return new Answer(codec.tree(new Message(written, 0, written.length)), 0, "", "");
        } catch (IOException | RuntimeException | Error e) { // the program's own getters are called here
            return failed(method, served, e);
        }
    }

    private Answer failed(String method, ServedMethod served, Throwable failure) {
        Throwable cause = RpcFailures.unwrapped(failure);
        try {
            RpcCodec.Answer answer = served.faults().answer(cause);
            if (answer != null) {
                JsonNode error = codec.json().readTree(answer.body());
                return new Answer(
                        null,
                        error.path("code").asInt(),
                        error.path("data").path("type").asText(),
                        error.path("message").asText());
            }
        } catch (IOException | ReflectiveOperationException | RuntimeException | Error e) {
            if (e != cause) {
                cause.addSuppressed(e); // its details cannot be written
            }
        }
        String id = ReplySender.logged(method, "another protocol", cause);
        return new Answer(null, RpcCodec.INTERNAL_ERROR, "", ReplySender.internal(id, cause));
    }

    private static CompletableFuture<Answer> error(int code, String message) {
        return CompletableFuture.completedFuture(new Answer(null, code, "", message));
    }
}
