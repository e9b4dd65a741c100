package dev.omnibus.rpc;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.client.ServiceProxy;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.Contract.Traits;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Calls methods that other processes serve: one node with {@link #proxy} and {@link #call}, all of them with
 * {@link #broadcast}.
 *
 * <p>A call is executed by at most one node, at most once. It ends by its timeout with a value or an
 * {@link RpcException}; if nobody serves the method it says so at once. Thread-safe.
 */
public final class RpcClient {

    private final ClientRuntime runtime;
    private final RemoteMethod.Factory methods;

    private RpcClient(BusRuntime bus) {
        runtime = ClientRuntime.of(bus);
        methods = runtime.methods();
    }

    /** What does the work. */
    ClientRuntime runtime() {
        return runtime;
    }

    /**
     * The client of a bus.
     *
     * @param bus the bus
     * @return its one client
     * @throws IllegalStateException if the bus is closed
     */
    public static RpcClient on(Bus bus) {
        return BusRuntime.of(bus).layer(RpcClient.class, RpcClient::new);
    }

    /**
     * What this client has done.
     *
     * @return a snapshot
     */
    public RpcClientStats stats() {
        return runtime.stats();
    }

    /**
     * Puts an interceptor before all calls and broadcasts that are made from now on.
     *
     * @param interceptor is asked before each of them, in the order in which they were added, and told after each
     */
    public void intercept(ClientInterceptor interceptor) {
        runtime.intercept(Objects.requireNonNull(interceptor, "interceptor"));
    }

    /**
     * An object that calls the service whose contract an interface is, with the default options.
     *
     * @param contract the interface
     * @param <S> the interface
     * @return as {@link #proxy(Class, CallOptions)}
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     */
    public <S> S proxy(Class<S> contract) {
        return proxy(contract, CallOptions.defaults());
    }

    /**
     * An object that calls the service whose contract an interface is. Each call goes to the less busy one of two nodes
     * at random.
     *
     * <p>A method that gives a {@code CompletionStage} or {@code CompletableFuture} returns at once, and its stage
     * fails with an {@link RpcException}. Any other method blocks until the answer is there, and throws it; a
     * {@link OneWay} one until a node has received it. Exceptions that the contract declares arrive as themselves.
     * Default methods run here.
     *
     * @param contract the interface; methods are called by name, so none may be overloaded
     * @param options for all calls of this object
     * @param <S> the interface
     * @return the object; thread-safe
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     */
    public <S> S proxy(Class<S> contract, CallOptions options) {
        return ServiceProxy.calling(runtime, contract, options);
    }

    /**
     * Calls a method by name, with the default options.
     *
     * @param method {@code service.method}
     * @param type what it gives
     * @param arguments its arguments, by position
     * @param <T> what it gives
     * @return as {@link #call(String, Class, CallOptions, Object...)}
     * @throws IllegalArgumentException if the name is not one, or an argument cannot be written as JSON
     */
    public <T> CompletableFuture<T> call(String method, Class<T> type, @Nullable Object... arguments) {
        return call(method, type, CallOptions.defaults(), arguments);
    }

    /**
     * Calls a method by name.
     *
     * @param method {@code service.method}
     * @param type what it gives; {@code JsonNode} for whatever it is
     * @param options how long to wait, and more
     * @param arguments its arguments, by position; or only one, {@link NamedParams}
     * @param <T> what it gives
     * @return completes with the value, on the bus' executor; fails with an {@link RpcException}. Cancelling it ends
     *     the waiting, and asks the node to give up the work
     * @throws IllegalArgumentException if the name is not one, the type cannot be decoded safely, or an argument cannot
     *     be written as JSON
     */
    public <T> CompletableFuture<T> call(
            String method, Class<T> type, CallOptions options, @Nullable Object... arguments) {
        return runtime.call(methods.of(method, type, Traits.NONE), options, arguments);
    }

    /**
     * Calls a method by name that gives a generic type.
     *
     * @param method {@code service.method}
     * @param type what it gives, such as {@code new TypeReference<List<String>>() {}}
     * @param options how long to wait, and more
     * @param arguments its arguments, by position; or only one, {@link NamedParams}
     * @param <T> what it gives
     * @return as {@link #call(String, Class, CallOptions, Object...)}
     * @throws IllegalArgumentException if the name is not one, the type cannot be decoded safely, or an argument cannot
     *     be written as JSON
     */
    public <T> CompletableFuture<T> call(
            String method, TypeReference<T> type, CallOptions options, @Nullable Object... arguments) {
        return runtime.call(methods.of(method, type.getType(), Traits.NONE), options, arguments);
    }

    /**
     * Calls a method by name and does not want to know what becomes of it, with the default options.
     *
     * @param method {@code service.method}
     * @param arguments its arguments, by position; or only one, {@link NamedParams}
     * @return as {@link #notify(String, CallOptions, Object...)}
     * @throws IllegalArgumentException if the name is not one, or an argument cannot be written as JSON
     */
    public CompletableFuture<Void> notify(String method, @Nullable Object... arguments) {
        return notify(method, CallOptions.defaults(), arguments);
    }

    /**
     * Calls a method by name and does not want to know what becomes of it: a notification, as JSON-RPC calls it.
     *
     * @param method {@code service.method}
     * @param options how long to wait, and more
     * @param arguments its arguments, by position; or only one, {@link NamedParams}
     * @return completes when one node has received it; fails with an {@link RpcException}
     * @throws IllegalArgumentException if the name is not one, or an argument cannot be written as JSON
     */
    public CompletableFuture<Void> notify(String method, CallOptions options, @Nullable Object... arguments) {
        return runtime.call(methods.of(method, Void.class, Traits.ONE_WAY), options, arguments);
    }

    /**
     * Asks all nodes that serve a contract.
     *
     * @param contract the interface
     * @param <S> the interface
     * @return where the question is put
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     */
    public <S> Broadcast<S> broadcast(Class<S> contract) {
        return new Broadcast<>(runtime, methods.contract(contract), CallOptions.defaults());
    }

    /**
     * Asks all nodes that serve a method, by its name.
     *
     * @param method {@code service.method}
     * @param type what it gives
     * @param options how long to wait
     * @param arguments its arguments, by position
     * @param <T> what it gives
     * @return completes when every node that received the question has answered or is known to be gone, at the latest
     *     with the timeout; fails with an {@link RpcException} if nobody could be asked
     * @throws IllegalArgumentException if the name is not one, or an argument cannot be written as JSON
     */
    public <T> CompletableFuture<Replies<T>> broadcast(
            String method, Class<T> type, CallOptions options, Object... arguments) {
        return question(method, type, arguments).with(options).askAsync();
    }

    /**
     * A question to all nodes that serve a method, by its name, which can be told more before it is asked.
     *
     * @param method {@code service.method}
     * @param type what it gives
     * @param arguments its arguments, by position
     * @param <T> what it gives
     * @return the question
     * @throws IllegalArgumentException if the name is not one, or an argument cannot be written as JSON
     */
    public <T> Question<T> question(String method, Class<T> type, Object... arguments) {
        return Question.of(
                runtime,
                Contract.requireMethod(method),
                methods.reader(method, type),
                CallOptions.defaults(),
                arguments);
    }
}
