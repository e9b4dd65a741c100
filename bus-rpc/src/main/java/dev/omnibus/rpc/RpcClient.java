package dev.omnibus.rpc;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.omnibus.bus.Bus;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.client.QueueSettings;
import dev.omnibus.rpc.internal.client.ServiceProxy;
import dev.omnibus.rpc.internal.contract.Contract.Traits;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.rpc.internal.wire.QueuedId;
import java.lang.reflect.Type;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The client of a bus: calls methods that other processes serve, one node with {@link #proxy} and {@link #call}, all of
 * them with {@link #broadcast}.
 *
 * <p>A call is executed by at most one node, at most once. It ends by its timeout with a value or an
 * {@link RpcException}; if nobody serves the method it fails at once. Thread-safe.
 */
public final class RpcClient {

    private final ClientRuntime runtime;
    private final RemoteMethod.Factory methods;

    private RpcClient(BusRuntime bus) {
        runtime = ClientRuntime.of(bus);
        methods = runtime.methods();
    }

    /** The engine behind it. */
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
     * Adds an interceptor, which wraps all calls and broadcasts that are made from now on.
     *
     * @param interceptor the innermost of those that there are
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
     * Sends a one-way call, with the default options.
     *
     * @param method {@code service.method}
     * @param arguments its arguments, by position; or only one, {@link NamedParams}
     * @return as {@link #send(String, CallOptions, Object...)}
     * @throws IllegalArgumentException if the name is not one, or an argument cannot be written as JSON
     */
    public CompletableFuture<Void> send(String method, @Nullable Object... arguments) {
        return send(method, CallOptions.defaults(), arguments);
    }

    /**
     * Sends a one-way call, JSON-RPC's notification: one node executes the method, and what becomes of it is not
     * reported.
     *
     * @param method {@code service.method}
     * @param options how long to wait for a node to receive it, and more
     * @param arguments its arguments, by position; or only one, {@link NamedParams}
     * @return completes when one node has received it; fails with an {@link RpcException}
     * @throws IllegalArgumentException if the name is not one, or an argument cannot be written as JSON
     */
    public CompletableFuture<Void> send(String method, CallOptions options, @Nullable Object... arguments) {
        return runtime.call(methods.of(method, Void.class, Traits.ONE_WAY), options, arguments);
    }

    /**
     * A broadcast call of a method of a contract: {@code client.broadcast(Stock.class, stock ->
     * stock.left("sku-1")).ask()}.
     *
     * @param contract the interface
     * @param call calls the one method that is asked, on an object that only records the call
     * @param <S> the interface
     * @param <T> what the method gives
     * @return the broadcast, which is sent when it is {@linkplain Broadcast#ask() asked}
     * @throws IllegalArgumentException if the interface cannot be a contract; if the call is not of exactly one method,
     *     or works with what that returned; if an argument cannot be written as JSON; if the method gives a stage, for
     *     which there is {@link #broadcastStage}
     */
    public <S, T> Broadcast<T> broadcast(Class<S> contract, Broadcast.Invocation<S, T> call) {
        return recorded(ServiceProxy.record(runtime, contract, call, false));
    }

    /**
     * A broadcast call of a method that gives a {@code CompletionStage} or {@code CompletableFuture}. The replies have
     * what is in it.
     *
     * @param contract the interface
     * @param call as in {@link #broadcast(Class, Broadcast.Invocation)}
     * @param <S> the interface
     * @param <T> what the stage gives
     * @return the broadcast, which is sent when it is {@linkplain Broadcast#ask() asked}
     * @throws IllegalArgumentException if the interface cannot be a contract; if the call is not of exactly one method,
     *     or works with what that returned; if an argument cannot be written as JSON
     */
    public <S, T> Broadcast<T> broadcastStage(
            Class<S> contract, Broadcast.Invocation<S, ? extends CompletionStage<T>> call) {
        return recorded(ServiceProxy.record(runtime, contract, call, true));
    }

    private <T> Broadcast<T> recorded(ServiceProxy.Recording recording) {
        return new Broadcast<>(runtime, recording.method(), recording.arguments());
    }

    /**
     * A broadcast call of a method by its name.
     *
     * @param method {@code service.method}
     * @param type what it gives; {@code JsonNode} for whatever it is
     * @param arguments its arguments, by position; or only one, {@link NamedParams}
     * @param <T> what it gives
     * @return the broadcast, which is sent when it is {@linkplain Broadcast#ask() asked}
     * @throws IllegalArgumentException if the name is not one, the type cannot be decoded safely, or an argument cannot
     *     be written as JSON
     */
    public <T> Broadcast<T> broadcast(String method, Class<T> type, @Nullable Object... arguments) {
        return new Broadcast<>(runtime, methods.of(method, type, Traits.NONE), arguments);
    }

    /**
     * A broadcast call of a method by its name that gives a generic type.
     *
     * @param method {@code service.method}
     * @param type what it gives, such as {@code new TypeReference<List<String>>() {}}
     * @param arguments its arguments, by position; or only one, {@link NamedParams}
     * @param <T> what it gives
     * @return as {@link #broadcast(String, Class, Object...)}
     * @throws IllegalArgumentException if the name is not one, the type cannot be decoded safely, or an argument cannot
     *     be written as JSON
     */
    public <T> Broadcast<T> broadcast(String method, TypeReference<T> type, @Nullable Object... arguments) {
        return new Broadcast<>(runtime, methods.of(method, type.getType(), Traits.NONE), arguments);
    }

    /**
     * The queue of a service, with the default options.
     *
     * @param contract the interface
     * @param <S> the interface
     * @return as {@link #queue(Class, QueueOptions)}
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     * @throws dev.omnibus.transport.TransportException if the queues cannot be reached
     * @throws UnsupportedOperationException if the transport has no queues of calls
     */
    public <S> CallQueue<S> queue(Class<S> contract) {
        return queue(contract, QueueOptions.defaults());
    }

    /**
     * The queue of a service: calls wait in it while no node is up, {@code client.queue(Stock.class,
     * options).enqueue(stock -> stock.restock("sku-1", 10))}. The first queue of a process connects to Redis, so it may
     * block.
     *
     * @param contract the interface
     * @param options how long its calls wait, and more
     * @param <S> the interface
     * @return the queue; thread-safe
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     * @throws IllegalStateException on the transport's thread, which must not wait
     * @throws dev.omnibus.transport.TransportException if the queues cannot be reached
     * @throws UnsupportedOperationException if the transport has no queues of calls
     */
    public <S> CallQueue<S> queue(Class<S> contract, QueueOptions options) {
        return new CallQueue<>(runtime, contract, options);
    }

    /**
     * Puts a call of a method by its name into its queue.
     *
     * @param method {@code service.method}
     * @param type what it gives; {@code JsonNode} for whatever it is
     * @param options how long it waits, and more
     * @param arguments its arguments, by position; or only one, {@link NamedParams}
     * @param <T> what it gives
     * @return the call, on its way into the queue
     * @throws IllegalArgumentException if the name is not one, the type cannot be decoded safely, or an argument cannot
     *     be written as JSON
     * @throws IllegalStateException on the transport's thread, which must not wait
     * @throws dev.omnibus.transport.TransportException if the queues cannot be reached
     * @throws UnsupportedOperationException if the transport has no queues of calls
     */
    public <T> Queued<T> enqueue(String method, Class<T> type, QueueOptions options, @Nullable Object... arguments) {
        runtime.queued().open();
        return new Queued<>(
                runtime.enqueue(methods.of(method, type, Traits.NONE), QueueSettings.of(options), arguments));
    }

    /**
     * Finds a queued call that any process has made, perhaps this one before it was started again.
     *
     * @param id as {@link Queued#id} gives it
     * @param type what the method gives; {@code JsonNode} for whatever it is
     * @param <T> what the method gives
     * @return the call
     * @throws IllegalArgumentException if it is no such id, or the type cannot be decoded safely
     * @throws IllegalStateException on the transport's thread, which must not wait
     * @throws dev.omnibus.transport.TransportException if the queues cannot be reached
     * @throws UnsupportedOperationException if the transport has no queues of calls
     */
    public <T> Queued<T> queued(String id, Class<T> type) {
        return queued(id, (Type) type);
    }

    /**
     * Finds a queued call whose method gives a generic type.
     *
     * @param id as {@link Queued#id} gives it
     * @param type what the method gives, such as {@code new TypeReference<List<String>>() {}}
     * @param <T> what the method gives
     * @return the call
     * @throws IllegalArgumentException if it is no such id, or the type cannot be decoded safely
     * @throws IllegalStateException on the transport's thread, which must not wait
     * @throws dev.omnibus.transport.TransportException if the queues cannot be reached
     * @throws UnsupportedOperationException if the transport has no queues of calls
     */
    public <T> Queued<T> queued(String id, TypeReference<T> type) {
        return queued(id, type.getType());
    }

    private <T> Queued<T> queued(String id, Type type) {
        QueuedId known = QueuedId.parse(id)
                .orElseThrow(() -> new IllegalArgumentException(
                        "This is not the id of a queued call, which is like \"stock.restock:order-17\""));
        RemoteMethod method = methods.of(known.method(), type, Traits.NONE);
        runtime.queued().open();
        return new Queued<>(runtime.queued().find(known, method));
    }
}
