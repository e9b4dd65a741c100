package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.json.DecodableTypes;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.client.CallFuture;
import dev.omnibus.rpc.internal.client.CallSettings;
import dev.omnibus.rpc.internal.client.ServiceProxy;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.Contract.Operation;
import dev.omnibus.rpc.internal.server.ReplySender;
import dev.omnibus.rpc.internal.server.ServedMethod;
import dev.omnibus.rpc.internal.wire.Arguments;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.io.IOException;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What adapters to other protocols need of contracts: proxies whose calls go elsewhere, and objects that are called
 * with JSON. Thread-safe.
 */
public final class Adapter {

    /** Makes calls by another protocol than that of the bus. */
    @FunctionalInterface
    public interface Calls {

        /**
         * Makes one call.
         *
         * @param method the method's name, without a service
         * @param params an array of the arguments in their order, or an object with their names
         * @param timeout by when it ends
         * @return completes with what the method gave; fails with an {@link RpcException}. Cancelling it gives it up
         */
        CompletableFuture<JsonNode> call(String method, JsonNode params, Duration timeout);
    }

    private final RpcCodec codec;
    private final DecodableTypes types;
    private final Executor executor;

    private Adapter(BusRuntime bus) {
        codec = new RpcCodec(bus.json(), bus.node(), bus.channels().names().inbox(bus.node()));
        types = DecodableTypes.ofContracts(codec.json());
        executor = new CallerRunsExecutor(bus.executor());
    }

    /**
     * For adapters that stand on a bus.
     *
     * @param bus whose JSON is used
     * @return what they need
     */
    public static Adapter on(Bus bus) {
        return new Adapter(BusRuntime.of(bus));
    }

    /**
     * Where calls are to be ended.
     *
     * @return the bus' executor; when that has ended, tasks run on the thread at hand, so that no call is left without
     *     an end
     */
    public Executor executor() {
        return executor;
    }

    /**
     * An object that implements a contract by other calls.
     *
     * @param contract the interface; the name of its service does not matter
     * @param options the timeout, and nothing else
     * @param calls makes the calls
     * @param <S> the interface
     * @return the proxy
     * @throws IllegalArgumentException if the interface cannot be a contract, or the options say more than a timeout;
     *     the message says why
     */
    public <S> S proxy(Class<S> contract, CallOptions options, Calls calls) {
        CallSettings settings = CallSettings.of(options);
        settings.requireForeign();
        Contract read = Contract.of(contract, codec.types());
        read.check(types);
        Map<String, ObjectReader> readers = new HashMap<>();
        Map<String, Arguments.Writer> writers = new HashMap<>();
        read.operations().values().forEach(op -> {
            readers.put(op.name(), codec.reader(op.result()));
            writers.put(op.name(), codec.argumentWriter(op.parameters()));
        });
        return ServiceProxy.foreign(
                contract,
                read,
                (operation, arguments) -> call(
                        calls,
                        operation.method().getName(),
                        Objects.requireNonNull(writers.get(operation.name())),
                        Objects.requireNonNull(readers.get(operation.name())),
                        settings.timeoutNanos(operation.traits().timeoutMillis()),
                        arguments));
    }

    /**
     * Makes a call without a contract.
     *
     * @param method the method's name, without a service
     * @param type what it gives
     * @param options the timeout, and nothing else
     * @param calls makes the call
     * @param arguments anything that Jackson can write, in the order of the parameters; or one {@link NamedParams}
     * @param <T> what it gives
     * @return completes with what the method gave; fails with an {@link RpcException}
     * @throws IllegalArgumentException if the type cannot be decoded safely, an argument cannot be written as JSON, or
     *     the options say more than a timeout
     */
    public <T> CompletableFuture<T> call(
            String method, Class<T> type, CallOptions options, Calls calls, @Nullable Object... arguments) {
        CallSettings settings = CallSettings.of(options);
        settings.requireForeign();
        ObjectReader reader = codec.reader((Type) type);
        types.checkOnce(reader.getValueType(), () -> "The result of " + method);
        @SuppressWarnings("unchecked") // the reader was made for this type
        CompletableFuture<T> result = (CompletableFuture<T>)
                call(calls, method, codec.argumentWriter(List.of()), reader, settings.timeoutNanos(0), arguments);
        return result;
    }

    /** Why a request is not sent, which the bus of a server could not read and so not answer. */
    private String tooLarge(int bytes) {
        return "the request is too large: " + bytes + " bytes, at most " + codec.maxBytes() + "; see maxMessageBytes";
    }

    private CompletableFuture<Object> call(
            Calls calls,
            String method,
            Arguments.Writer writer,
            ObjectReader reader,
            long timeoutNanos,
            @Nullable Object... arguments) {
        long started = System.nanoTime();
        byte[] written = writer.write(method, arguments);
        if (written.length > codec.maxBytes()) {
            return CompletableFuture.failedFuture(
                    failure(Reason.REFUSED, true, method, Duration.ZERO, tooLarge(written.length), null));
        }
        JsonNode params;
        try {
            params = codec.tree(new Message(written, 0, written.length));
        } catch (IOException e) {
            throw new IllegalStateException("What was just written can be read", e);
        }
        CompletableFuture<JsonNode> answer = calls.call(method, params, Duration.ofNanos(timeoutNanos));
        CallFuture<Object> result = new CallFuture<>(() -> answer.cancel(true));
        answer.whenComplete((value, failure) -> {
            if (failure != null) {
                result.fail(RpcFailures.unwrapped(failure));
                return;
            }
            try {
                byte[] bytes = codec.bytes(value);
                result.succeed(RpcCodec.decode(reader, new Message(bytes, 0, bytes.length)));
            } catch (IOException | RuntimeException | Error e) { // the program's own constructors are called here
                Duration elapsed = Duration.ofNanos(System.nanoTime() - started);
                String misfit = RpcFailures.misfit(e, reader.getValueType());
                result.fail(failure(Reason.BAD_REPLY, false, method, elapsed, misfit, e));
            }
        });
        return result;
    }

    /**
     * The methods of a contract, to be called with JSON.
     *
     * @param contract the interface
     * @param implementation does the work
     * @param <S> the interface
     * @return its methods
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     */
    public <S> LocalMethods methods(Class<S> contract, S implementation) {
        Contract read = Contract.of(contract, codec.types());
        read.check(types);
        return local(read, implementation);
    }

    /**
     * The public methods of an object, but for those that every object has, to be called with JSON.
     *
     * @param target does the work
     * @return its methods
     * @throws IllegalArgumentException if it has none, if two of them have the same name, or if one has a type that
     *     cannot be decoded safely
     */
    public LocalMethods methods(Object target) {
        Contract read = Contract.ofObject(target.getClass(), codec.types());
        read.operations()
                .values()
                .forEach(op -> op.parameters().forEach(type -> types.check("An argument of " + op.name(), type)));
        return local(read, target);
    }

    private LocalMethods local(Contract contract, Object target) {
        Map<String, LocalMethods.Local> methods = new HashMap<>();
        for (Operation operation : contract.operations().values()) {
            List<String> names = operation.parameterNames();
            methods.put(
                    operation.method().getName(),
                    new LocalMethods.Local(ServedMethod.of(operation, target, codec), names));
        }
        return new LocalMethods(codec, methods);
    }

    /**
     * Words a failure as the calls of the bus do.
     *
     * @param reason why there is no value
     * @param notExecuted whether it is certain that the method did not run
     * @param method what was called
     * @param elapsed how long it took
     * @param why what is to be read about it; control characters are taken out, and it is cut where it is long
     * @param cause the error behind it, if any
     * @return the exception
     */
    public static RpcException failure(
            Reason reason,
            boolean notExecuted,
            String method,
            Duration elapsed,
            String why,
            @Nullable Throwable cause) {
        return RpcFailures.of(reason, notExecuted, method, "", elapsed, RpcFailures.sanitized(why), cause);
    }

    /**
     * The methods of one object, called in this process with JSON: what an adapter serves by another protocol than that
     * of the bus. Arguments are read, and exceptions reported, as {@link RpcServer} does it; but there are no
     * interceptors and no {@link CallContext}. Thread-safe if the object is.
     */
    public static final class LocalMethods {

        /** A method and the names of its parameters; none if they are not known. */
        private record Local(ServedMethod method, List<String> parameters) {}

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

        private LocalMethods(RpcCodec codec, Map<String, Local> methods) {
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
                            failure == null ? result(method, served, () -> value) : failed(method, served, failure)));
                    return answer;
                }
                return CompletableFuture.completedFuture(result(method, served, () -> result));
            } catch (Throwable t) {
                return CompletableFuture.completedFuture(failed(method, served, t));
            }
        }

        private Answer result(String method, ServedMethod served, Supplier<@Nullable Object> value) {
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
}
