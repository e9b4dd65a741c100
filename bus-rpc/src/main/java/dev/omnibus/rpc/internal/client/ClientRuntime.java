package dev.omnibus.rpc.internal.client;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.BusObserver.Kind;
import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.observe.Observed;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.internal.observe.TraceContext;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.internal.runtime.Layer;
import dev.omnibus.internal.runtime.ServerWarnings;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.ClientInterceptor;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcClientStats;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.client.ClientInterceptors.Chain;
import dev.omnibus.rpc.internal.client.ClientInterceptors.Target;
import dev.omnibus.rpc.internal.contract.CallScope;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.contract.Contract.Operation;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.rpc.internal.directory.NodeDirectory;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The runtime of a client: what all calls and broadcasts of one bus have in common, and how they begin. Thread-safe.
 */
public final class ClientRuntime implements Layer {

    /**
     * How long a broadcast waits for answers of nodes that it cannot name, after everybody else has answered: a node
     * announces itself when its channels are confirmed, which takes milliseconds.
     */
    public static final Duration PATIENCE = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(RpcClient.class);

    private static final int MAX_CONTRACTS = 1_000; // kept prepared

    private final Channels channels;
    private final Executor executor;
    private final RpcCodec codec;
    private final NodeDirectory directory;
    private final PendingCalls pending;
    private final QueuedCalls queued;
    private final ReadyGate gate; // until the directory has been read
    private final LongAdder calls = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final LongAdder broadcasts = new LongAdder();
    private final LongAdder incomplete = new LongAdder();
    private final @Nullable Observers observers;
    private final ReplyBudget replyBudget;
    private final RetryBudget retryBudget = new RetryBudget(System.nanoTime());
    private final RemoteMethod.Factory methods;
    private final Map<Class<?>, PreparedContract> contracts = new ConcurrentHashMap<>();
    private final ClientInterceptors interceptors = new ClientInterceptors();
    private volatile Duration patience = PATIENCE;

    /** A contract, and its methods by their names with everything prepared to call them. */
    record PreparedContract(Contract contract, Map<String, RemoteMethod> methods) {

        RemoteMethod method(Operation operation) {
            return Objects.requireNonNull(methods.get(operation.name()));
        }
    }

    /** The one of a bus. */
    public static ClientRuntime of(BusRuntime bus) {
        return bus.layer(ClientRuntime.class, ClientRuntime::new);
    }

    private ClientRuntime(BusRuntime bus) {
        channels = bus.channels();
        observers = bus.observers();
        executor = new CallerRunsExecutor(bus.channels().executor());
        replyBudget = new ReplyBudget(executor, channels::later);
        codec = new RpcCodec(bus.json(), bus.node(), channels.names().inbox(bus.node()));
        methods = new RemoteMethod.Factory(codec);
        directory = NodeDirectory.of(bus);
        gate = new ReadyGate(directory::ready, executor);
        queued = new QueuedCalls(this, ServerWarnings.of(bus));
        pending = new PendingCalls(bus, codec, queued, () -> retryBudget.tick(System.nanoTime()));
        channels.receiveInbox(pending);
        directory.onLost(pending::onNodeLost);
    }

    /** What this client has done. */
    public RpcClientStats stats() {
        return new RpcClientStats(
                calls.sum(), failed.sum(), retries.sum(), broadcasts.sum(), incomplete.sum(), pending.size());
    }

    public void intercept(ClientInterceptor interceptor) {
        interceptors.add(interceptor);
    }

    /** Begins a call. */
    public <T> CompletableFuture<T> call(RemoteMethod method, CallOptions given, @Nullable Object[] arguments) {
        byte[] params = method.arguments().write(method.name(), arguments);
        calls.increment();
        Call<T> call = new Call<>(this, method, params);
        Map<String, String> headers = TraceContext.passedOn(given.headers());
        Observers all = observers;
        if (all == null) {
            return send(call, CallSettings.traced(given, headers));
        }
        Scope scope = call.observe(all, headers);
        try {
            return send(call, CallSettings.traced(given, call.headers()));
        } catch (RuntimeException | Error e) { // for lack of memory, perhaps
            call.ended(e);
            throw e;
        } finally {
            if (scope != null) {
                all.leave(scope);
            }
        }
    }

    private <T> CompletableFuture<T> send(Call<T> call, CallOptions options) {
        if (interceptors.isEmpty()) {
            return begin(call, options, null);
        }
        return interceptors.intercept(call.name(), options, new Target<T>() {
            @Override
            public void check(CallOptions used) {}

            @Override
            public void begin(CallOptions used, Chain<T> chain) {
                ClientRuntime.this.begin(call, used, chain);
            }

            @Override
            public void refused(Throwable why) {
                notBegun(call, why);
            }
        });
    }

    private void notBegun(Call<?> call, Throwable why) {
        failed(why);
        call.ended(why);
    }

    @Nullable
    Observers observers() {
        return observers;
    }

    /** Whether a node is known that serves a method. */
    boolean isServed(String method) {
        return !directory.serving(method).isEmpty();
    }

    static String reasonOf(@Nullable Throwable cause) {
        return cause == null
                ? ""
                : RpcFailures.reasonOf(cause).map(Reason::name).orElse("");
    }

    /** Options with the trace of what this thread is handling. */
    private static CallOptions traced(CallOptions given) {
        return CallSettings.traced(given, TraceContext.passedOn(given.headers()));
    }

    /** Begins something under the eyes of the observers, who may send headers along. */
    private <R> R observed(
            Observers all,
            Kind kind,
            RemoteMethod method,
            CallOptions given,
            BiFunction<CallOptions, Observed, R> begin) {
        Observed observed = new Observed(all, kind, method.name(), TraceContext.passedOn(given.headers()))
                .known(method.ofContract() ? null : this::isServed)
                .start();
        try {
            return begin.apply(CallSettings.traced(given, observed.headers()), observed);
        } catch (RuntimeException | Error e) {
            ended(observed, e, 0);
            throw e;
        } finally {
            observed.leave();
        }
    }

    private static void ended(@Nullable Observed observed, @Nullable Throwable failure, int code) {
        if (observed != null) {
            Throwable cause = failure == null ? null : RpcFailures.unwrapped(failure);
            observed.end(reasonOf(cause), cause, code, cause instanceof RpcException e && e.notExecuted());
        }
    }

    @CanIgnoreReturnValue
    private <T> CompletableFuture<T> begin(Call<T> call, CallOptions options, @Nullable Chain<T> chain) {
        CallSettings settings = CallSettings.of(options);
        call.sentWith(settings.headers());
        RemoteMethod method = call.method;
        long nanos;
        try {
            nanos = nanosFor(
                    method.name(), settings.timeoutNanos(method.traits().timeoutMillis()));
        } catch (RpcException e) {
            notBegun(call, e);
            return late(e, chain);
        }
        retryBudget.called();
        call.prepare(settings, nanos);
        if (chain != null) {
            chain.follow(call.future(), call::node, call::code, value -> Optional.empty());
        }
        whenReady(method.name(), nanos, call::start, call::fail);
        return call.future();
    }

    /** Enqueues a call. */
    public <T> QueuedCall<T> enqueue(RemoteMethod method, QueueSettings settings, @Nullable Object[] arguments) {
        byte[] params = method.arguments().write(method.name(), arguments);
        calls.increment();
        if (observers == null) {
            return enqueue(method, settings, params, traced(settings.call()));
        }
        return observed(observers, Kind.ENQUEUE, method, settings.call(), (used, observed) -> {
            QueuedCall<T> call = enqueue(method, settings, params, used);
            call.enqueued().whenComplete((done, failure) -> ended(observed, failure, 0));
            return call;
        });
    }

    private <T> QueuedCall<T> enqueue(RemoteMethod method, QueueSettings settings, byte[] params, CallOptions options) {
        return interceptors.isEmpty()
                ? queued.enqueue(
                        method, params, settings, CallSettings.of(options).headerPart())
                : new InterceptedQueueing<T>(this, method, params, settings).through(interceptors, options);
    }

    /** Nothing is sent. */
    private static <T> CompletableFuture<T> late(RpcException why, @Nullable Chain<T> chain) {
        CompletableFuture<T> failed = CompletableFuture.failedFuture(why);
        if (chain != null) {
            chain.follow(failed, () -> "", () -> 0, value -> Optional.empty());
        }
        return failed;
    }

    /** The time for a call, at most what is left of the one that is being served here. */
    private static long nanosFor(String method, long wanted) {
        long left = CallScope.nanosLeft(Long.MAX_VALUE);
        if (left <= 0) {
            String late = "the deadline of the call that is being served here has passed; it was not sent";
            throw RpcFailures.of(Reason.TIMEOUT, true, method, "", Duration.ZERO, late, null);
        }
        return Math.min(left, wanted);
    }

    /** One request to many nodes, and their replies. */
    public interface Exchange<T> {

        CompletableFuture<Replies<T>> future();

        void start();

        void fail(RpcException why);
    }

    /** Begins a broadcast. */
    public <T> CompletableFuture<Replies<T>> ask(
            RemoteMethod method, CallOptions given, BiFunction<CallOptions, Long, Exchange<T>> make) {
        broadcasts.increment();
        return observers == null
                ? ask(method, traced(given), make, null)
                : observed(
                        observers,
                        Kind.BROADCAST,
                        method,
                        given,
                        (used, observed) -> ask(method, used, make, observed));
    }

    private <T> CompletableFuture<Replies<T>> ask(
            RemoteMethod method,
            CallOptions options,
            BiFunction<CallOptions, Long, Exchange<T>> make,
            @Nullable Observed observed) {
        if (interceptors.isEmpty()) {
            return begin(method, options, make, null, observed);
        }
        return interceptors.intercept(method.name(), options, new Target<Replies<T>>() {
            @Override
            public void check(CallOptions used) {
                CallSettings.of(used).requireBroadcast();
            }

            @Override
            public void begin(CallOptions used, Chain<Replies<T>> chain) {
                ClientRuntime.this.begin(method, used, make, chain, observed);
            }

            @Override
            public void refused(Throwable why) {
                notAsked(observed, why);
            }
        });
    }

    private void notAsked(@Nullable Observed observed, Throwable why) {
        incomplete.increment();
        ended(observed, why, 0);
    }

    @CanIgnoreReturnValue
    private <T> CompletableFuture<Replies<T>> begin(
            RemoteMethod method,
            CallOptions options,
            BiFunction<CallOptions, Long, Exchange<T>> make,
            @Nullable Chain<Replies<T>> chain,
            @Nullable Observed observed) {
        String name = method.name();
        long nanos;
        try {
            nanos = nanosFor(
                    name, CallSettings.of(options).timeoutNanos(method.traits().timeoutMillis()));
        } catch (RpcException e) {
            notAsked(observed, e);
            return late(e, chain);
        }
        Exchange<T> exchange = make.apply(options, nanos);
        exchange.future().whenComplete((replies, failure) -> ended(name, replies, failure, observed));
        if (chain != null) {
            chain.follow(exchange.future(), () -> "", () -> 0, Replies::failure);
        }
        whenReady(name, nanos, exchange::start, exchange::fail);
        return exchange.future();
    }

    /** A call has given a value. */
    void succeeded(String method, String node, long begun) {
        if (LOG.isDebugEnabled()) {
            LOG.debug("Called {} on {} in {} ms", method, node, (System.nanoTime() - begun) / 1_000_000);
        }
    }

    /** A call has ended without a value. */
    public void failed(Throwable failure) {
        failed.increment();
        if (LOG.isDebugEnabled()) { // the texts of exceptions that a contract declares are the program's own
            LOG.debug(failure instanceof RpcException ? failure.getMessage() : String.valueOf(failure.getClass()));
        }
    }

    /** A call is tried again, after a failure. */
    void retried() {
        retries.increment();
    }

    private void ended(
            String method, @Nullable Replies<?> replies, @Nullable Throwable failure, @Nullable Observed observed) {
        if (replies == null || !replies.isComplete()) {
            incomplete.increment();
        }
        if (replies == null) {
            ended(observed, failure, 0);
        } else if (observed != null) {
            List<String> missing = List.copyOf(replies.missing().keySet());
            observed.answers(replies.replies().size(), missing, replies.missingUnnamed());
            observed.end(replies.failure().map(Reason::name).orElse(""), null, 0, false);
        }
        if (LOG.isDebugEnabled()) {
            LOG.debug("Asked all nodes for {}: {}", method, replies == null ? failure : replies);
        }
    }

    /** The first calls wait until the directory has been read once. */
    private void whenReady(String method, long nanos, Runnable action, Consumer<RpcException> otherwise) {
        if (gate.isOpen()) {
            action.run();
            return;
        }
        if (channels.isConnecting()) {
            String why = "the bus is still connecting to Redis; nothing was sent";
            executor.execute(() -> otherwise.accept(
                    RpcFailures.of(Reason.CONNECTION_LOST, true, method, "", Duration.ZERO, why, null)));
            return;
        }
        long started = System.nanoTime();
        channels.limit(gate.turn(), Duration.ofNanos(nanos)).whenComplete((done, failure) -> {
            if (failure == null) {
                action.run();
            } else { // it runs code of the program
                executor.execute(() -> otherwise.accept(notReady(method, failure, System.nanoTime() - started)));
            }
        });
    }

    private static RpcException notReady(String method, Throwable failure, long nanos) {
        Throwable cause = RpcFailures.unwrapped(failure);
        Reason reason = cause instanceof RpcException known ? known.reason() : Reason.TIMEOUT;
        String why = "the directory of nodes was not read for the first time within the timeout; it was not sent";
        return RpcFailures.of(
                reason,
                true,
                method,
                "",
                Duration.ofNanos(nanos),
                cause instanceof RpcException ? String.valueOf(cause.getMessage()) : why,
                cause);
    }

    /**
     * A contract, read once.
     *
     * @throws IllegalArgumentException if the interface cannot be one, or could not be decoded safely
     */
    PreparedContract contract(Class<?> type) {
        PreparedContract known = contracts.get(type);
        if (known == null) {
            Contract contract = methods.contract(type);
            Map<String, RemoteMethod> prepared = new HashMap<>();
            contract.operations().values().forEach(op -> prepared.put(op.name(), methods.of(op)));
            directory.drift().expect(contract);
            known = new PreparedContract(contract, prepared);
            if (contracts.size() < MAX_CONTRACTS) { // a program that makes interfaces all the time prepares each again
                contracts.put(type, known);
            }
        }
        return known;
    }

    public RemoteMethod.Factory methods() {
        return methods;
    }

    public Channels channels() {
        return channels;
    }

    public RpcCodec codec() {
        return codec;
    }

    public NodeDirectory directory() {
        return directory;
    }

    /** Refuses an interface that cannot be a contract. */
    public void requireContract(Class<?> type) {
        PreparedContract unused = contract(type);
    }

    public QueuedCalls queued() {
        return queued;
    }

    public PendingCalls pending() {
        return pending;
    }

    public ReplyBudget replyBudget() {
        return replyBudget;
    }

    public RetryBudget retryBudget() {
        return retryBudget;
    }

    /** How long a broadcast waits for receivers whose names are unknown. */
    public Duration patience() {
        return patience;
    }

    /** For tests, to which a second is too short. */
    public void patience(Duration longer) {
        patience = longer;
    }

    /** Runs what may block, later. */
    public void executeAfter(long millis, Runnable task) {
        channels.later(Duration.ofMillis(millis), task);
    }

    /** Runs what may block. */
    public void execute(Runnable task) {
        executor.execute(task);
    }

    /** Fails what is still pending. */
    @Override
    public void close(Duration drainTimeout) {
        pending.close();
        queued.close();
    }
}
