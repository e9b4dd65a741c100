package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Layer;
import dev.omnibus.channel.Channels;
import dev.omnibus.rpc.RpcException.Reason;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Calls methods that other processes serve: one node with {@link #proxy} and {@link #call}, all of them with
 * {@link #broadcast}.
 *
 * <p>A call is executed by at most one node, at most once. It ends by its timeout with a value or an
 * {@link RpcException}; if nobody serves the method it says so at once. Thread-safe.
 */
public final class RpcClient implements Layer {

    private final Channels channels;
    private final Executor executor;
    private final RpcCodec codec;
    private final Directory directory;
    private final PendingCalls pending;
    private final Future<?> expiring;

    private RpcClient(Bus bus) {
        channels = bus.channels();
        executor = new LastingExecutor(bus.executor());
        codec = new RpcCodec(bus.json(), bus.node(), channels.names().inbox(bus.node()));
        directory = Directory.on(bus);
        pending = new PendingCalls(bus, codec);
        channels.receiveInbox(pending);
        directory.onLost(pending::lost);
        expiring = channels.every(Duration.ofMillis(PendingCalls.LOOK_MILLIS), pending::expire);
    }

    /**
     * The client of a bus.
     *
     * @param bus the bus
     * @return its one client
     * @throws IllegalStateException if the bus is closed
     */
    public static RpcClient on(Bus bus) {
        return bus.layer(RpcClient.class, RpcClient::new);
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
     * fails with an {@link RpcException}. Any other method blocks until the answer is there, and throws it. Default
     * methods run here.
     *
     * @param contract the interface; methods are called by name, so none may be overloaded
     * @param options for all calls of this object
     * @param <S> the interface
     * @return the object; thread-safe
     * @throws IllegalArgumentException if the interface cannot be a contract; the message says why
     */
    public <S> S proxy(Class<S> contract, CallOptions options) {
        return ServiceProxy.calling(this, contract, options);
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
    public <T> CompletableFuture<T> call(String method, Class<T> type, Object... arguments) {
        return call(method, type, CallOptions.defaults(), arguments);
    }

    /**
     * Calls a method by name.
     *
     * @param method {@code service.method}
     * @param type what it gives
     * @param options how long to wait
     * @param arguments its arguments, by position
     * @param <T> what it gives
     * @return completes with the value, on the bus' executor; fails with an {@link RpcException}. Cancelling it ends
     *     the waiting, not the work of the server
     * @throws IllegalArgumentException if the name is not one, or an argument cannot be written as JSON
     */
    public <T> CompletableFuture<T> call(String method, Class<T> type, CallOptions options, Object... arguments) {
        return call(Contract.requireMethod(method), codec.reader(type), options, arguments);
    }

    <T> CompletableFuture<T> call(String method, ObjectReader result, CallOptions options, Object[] arguments) {
        Call<T> call = new Call<>(this, method, codec.params(arguments), result, options.timeout());
        whenReady(method, options, call::attempt, call::fail);
        return call.future();
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
        return new Broadcast<>(this, Contract.of(contract), CallOptions.defaults());
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
        return broadcast(Contract.requireMethod(method), codec.reader(type), options, arguments);
    }

    <T> CompletableFuture<Replies<T>> broadcast(
            String method, ObjectReader result, CallOptions options, Object[] arguments) {
        byte[] params = codec.params(arguments);
        Gathering<T> gathering = new Gathering<>(this, method, result, options.timeout());
        whenReady(
                method,
                options,
                () -> gathering.ask(params),
                failure -> gathering.future().completeExceptionally(failure));
        return gathering.future();
    }

    /** The first call waits until the directory has been read once. */
    private void whenReady(String method, CallOptions options, Runnable action, Consumer<RpcException> otherwise) {
        CompletableFuture<Void> ready = directory.ready();
        if (ready.isDone() && !ready.isCompletedExceptionally()) {
            action.run();
            return;
        }
        long started = System.nanoTime();
        ready.copy()
                .orTimeout(options.timeout().toNanos(), TimeUnit.NANOSECONDS)
                .whenCompleteAsync(
                        (done, failure) -> {
                            if (failure == null) {
                                action.run();
                                return;
                            }
                            otherwise.accept(notReady(method, failure, System.nanoTime() - started));
                        },
                        executor);
    }

    private static RpcException notReady(String method, Throwable failure, long nanos) {
        Throwable cause = failure instanceof CompletionException e && e.getCause() != null ? e.getCause() : failure;
        Reason reason = cause instanceof RpcException known ? known.reason() : Reason.CONNECTION_LOST;
        String why = "the directory of nodes could not be read within the timeout; is Redis there?";
        return Failures.of(
                reason,
                true,
                method,
                "",
                Duration.ofNanos(nanos),
                cause instanceof RpcException ? String.valueOf(cause.getMessage()) : why,
                cause);
    }

    /** How results of a type are read. */
    ObjectReader reader(Type type) {
        return codec.reader(type);
    }

    Channels channels() {
        return channels;
    }

    RpcCodec codec() {
        return codec;
    }

    Directory directory() {
        return directory;
    }

    PendingCalls pending() {
        return pending;
    }

    /** Runs what may block. */
    void execute(Runnable task) {
        executor.execute(task);
    }

    /** Fails what is still pending. */
    @Override
    public void close(Duration drainTimeout) {
        expiring.cancel(false);
        pending.close();
    }
}
