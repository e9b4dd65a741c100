package dev.omnibus.rpc;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Layer;
import dev.omnibus.channel.Channels;
import dev.omnibus.rpc.Contract.Operation;
import dev.omnibus.rpc.Contract.Traits;
import dev.omnibus.rpc.RpcException.Reason;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls methods that other processes serve: one node with {@link #proxy} and {@link #call}, all of them with
 * {@link #broadcast}.
 *
 * <p>A call is executed by at most one node, at most once. It ends by its timeout with a value or an
 * {@link RpcException}; if nobody serves the method it says so at once. Thread-safe.
 */
public final class RpcClient implements Layer {

    private static final Logger LOG = LoggerFactory.getLogger(RpcClient.class);

    private final Channels channels;
    private final Executor executor;
    private final RpcCodec codec;
    private final Directory directory;
    private final PendingCalls pending;
    private final LongAdder calls = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final LongAdder broadcasts = new LongAdder();
    private final LongAdder incomplete = new LongAdder();
    private final ReplyBudget replyBudget;
    private final RetryBudget retryBudget = new RetryBudget(System.nanoTime());
    private final RemoteMethods methods;
    private final Interceptors interceptors = new Interceptors();
    private final Future<?> expiring;
    private volatile Duration patience = Gathering.UNNAMED;

    private RpcClient(Bus bus) {
        channels = bus.channels();
        executor = new LastingExecutor(bus.channels().executor());
        replyBudget = new ReplyBudget(executor, channels::later);
        codec = new RpcCodec(bus.json(), bus.node(), channels.names().inbox(bus.node()));
        methods = new RemoteMethods(codec, channels.names());
        directory = Directory.on(bus);
        pending = new PendingCalls(bus, codec);
        channels.receiveInbox(pending);
        directory.onLost(pending::lost);
        expiring = channels.every(Duration.ofMillis(PendingCalls.LOOK_MILLIS), this::tick);
    }

    private void tick() {
        pending.expire();
        retryBudget.tick(System.nanoTime());
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
     * What this client has done.
     *
     * @return a snapshot
     */
    public RpcClientStats stats() {
        return new RpcClientStats(
                calls.sum(), failed.sum(), retries.sum(), broadcasts.sum(), incomplete.sum(), pending.size());
    }

    /**
     * Puts an interceptor before all calls and broadcasts that are made from now on.
     *
     * @param interceptor is asked before each of them, in the order in which they were added, and told after each
     */
    public void intercept(ClientInterceptor interceptor) {
        interceptors.add(Objects.requireNonNull(interceptor, "interceptor"));
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
        return call(methods.of(method, type, Traits.NONE), options, arguments);
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
        return call(methods.of(method, type.getType(), Traits.NONE), options, arguments);
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
        return call(methods.of(method, Void.class, RemoteMethods.ONE_WAY), options, arguments);
    }

    <T> CompletableFuture<T> call(RemoteMethod method, CallOptions given, Object[] arguments) {
        byte[] params = method.arguments().write(method.name(), arguments);
        calls.increment();
        CallOptions options;
        long nanos;
        try {
            options = interceptors.before(method.name(), Execution.passedOn(given));
            nanos = nanosFor(method.name(), options.timeoutNanos(method.traits().timeoutMillis()));
        } catch (RpcException e) {
            failed(e);
            return refused(method.name(), given, e);
        }
        retryBudget.called();
        Call<T> call = new Call<>(this, method, params, options, nanos);
        if (!interceptors.isEmpty()) {
            call.future().observed();
            interceptors.after(call.future(), method.name(), options, call::node, value -> Optional.empty());
        }
        whenReady(method.name(), nanos, call::start, call::fail);
        return call.future();
    }

    /** Nothing is sent; but whoever was asked before is told after. */
    private <T> CompletableFuture<T> refused(String method, CallOptions given, RpcException why) {
        CompletableFuture<T> failed = CompletableFuture.failedFuture(why);
        interceptors.after(failed, method, given, () -> "", value -> Optional.empty());
        return failed;
    }

    /** The time for a call, at most what is left of the one that is being served here. */
    private static long nanosFor(String method, long wanted) {
        long left = Execution.nanosLeft(Long.MAX_VALUE);
        if (left <= 0) {
            String late = "the deadline of the call that is being served here has passed; it was not sent";
            throw Failures.of(Reason.TIMEOUT, true, method, "", Duration.ZERO, late, null);
        }
        return Math.min(left, wanted);
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
        return new Broadcast<>(this, methods.contract(contract), CallOptions.defaults());
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
        return this.<T>question(Contract.requireMethod(method), methods.reader(method, type), options, 0, arguments)
                .askAsync();
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
        return question(
                Contract.requireMethod(method), methods.reader(method, type), CallOptions.defaults(), 0, arguments);
    }

    <T> Question<T> question(
            String method, ObjectReader result, CallOptions options, long contractsMillis, Object[] arguments) {
        byte[] params = codec.argumentWriter(List.of()).write(method, arguments);
        return new Question<>(this, method, result, params, options, contractsMillis);
    }

    <T> Question<T> question(Operation operation, CallOptions options, Object[] arguments) {
        byte[] params = codec.argumentWriter(operation.parameters()).write(operation.name(), arguments);
        ObjectReader result = codec.reader(operation.result());
        return new Question<>(
                this,
                operation.name(),
                result,
                params,
                options,
                operation.traits().timeoutMillis());
    }

    /** Lets a question be asked, unless an interceptor says no or there is no time left. */
    <T> CompletableFuture<Replies<T>> gather(
            String method, CallOptions given, long contractsMillis, BiFunction<CallOptions, Long, Gathering<T>> make) {
        broadcasts.increment();
        CallOptions options;
        long nanos;
        try {
            options = interceptors.before(method, Execution.passedOn(given));
            nanos = nanosFor(method, options.timeoutNanos(contractsMillis));
        } catch (RpcException e) {
            incomplete.increment();
            return refused(method, given, e);
        }
        Gathering<T> gathering = make.apply(options, nanos);
        gathering.future().whenComplete((replies, failure) -> ended(method, replies, failure));
        interceptors.after(gathering.future(), method, options, () -> "", Replies::failure);
        whenReady(method, nanos, gathering::ask, gathering::fail);
        return gathering.future();
    }

    /** A call has given a value. */
    void succeeded(String method, String node, long started) {
        if (LOG.isDebugEnabled()) {
            LOG.debug("Called {} on {} in {} ms", method, node, (System.nanoTime() - started) / 1_000_000);
        }
    }

    /** A call has ended without a value. */
    void failed(Throwable failure) {
        failed.increment();
        if (LOG.isDebugEnabled()) { // the texts of exceptions that a contract declares are the program's own
            LOG.debug(failure instanceof RpcException ? failure.getMessage() : String.valueOf(failure.getClass()));
        }
    }

    void retried() {
        retries.increment();
    }

    private void ended(String method, @Nullable Replies<?> replies, @Nullable Throwable failure) {
        if (replies == null || !replies.isComplete()) {
            incomplete.increment();
        }
        if (LOG.isDebugEnabled()) {
            LOG.debug("Asked all nodes for {}: {}", method, replies == null ? failure : replies);
        }
    }

    /** The first call waits until the directory has been read once. */
    private void whenReady(String method, long nanos, Runnable action, Consumer<RpcException> otherwise) {
        CompletableFuture<Void> ready = directory.ready();
        if (ready.isDone() && !ready.isCompletedExceptionally()) {
            action.run();
            return;
        }
        long started = System.nanoTime();
        channels.limit(ready.copy(), Duration.ofNanos(nanos))
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
        Throwable cause = Failures.unwrapped(failure);
        Reason reason = cause instanceof RpcException known ? known.reason() : Reason.TIMEOUT;
        String why = "the directory of nodes was not read for the first time within the timeout; it was not sent";
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

    RemoteMethods methods() {
        return methods;
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

    ReplyBudget replyBudget() {
        return replyBudget;
    }

    RetryBudget retryBudget() {
        return retryBudget;
    }

    /** How long a broadcast waits for receivers of whom nobody knows the name. */
    Duration patience() {
        return patience;
    }

    /** For tests, to which a second is too short. */
    void patience(Duration longer) {
        patience = longer;
    }

    /** Runs what may block, later. */
    void executeAfter(long millis, Runnable task) {
        channels.later(Duration.ofMillis(millis), task);
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
