package dev.omnibus.rpc.internal.server;

import dev.omnibus.bus.BusObserver.Scope;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.Receiver;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.internal.observe.Observers;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.NodeStats;
import dev.omnibus.rpc.Registration;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceOptions;
import dev.omnibus.rpc.internal.contract.Contract;
import dev.omnibus.rpc.internal.wire.ReplyPacer;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcEnvelopeCache;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A service on this node: two channels per method, and one queue for all of them.
 *
 * <p>Every request that can be answered is answered exactly once: with a result, with the fault of the service, or with
 * an error that says whether it was executed.
 */
public final class ServedService implements Registration {

    private static final long WAITING_BYTES = 64L * 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);

    /** What a service needs of its server. */
    public interface Home {

        /** Announces that the service can be called. */
        CompletableFuture<Void> announce(ServedService service);

        /** Announces that it will not be served any more. */
        CompletableFuture<Void> withdraw(ServedService service);

        /** The connection was interrupted: other nodes may take this one for gone. */
        void announceAgain();

        /** The service has ended. */
        void forget(ServedService service);
    }

    private final String name;
    private final @Nullable Contract contract; // null if it is served by name
    private final List<ServedMethod> methods;
    private final Map<String, String> shapes;
    private final Channels channels;
    private final RpcCodec codec;
    private final ReplySender replies;
    private final Home home;
    private final Executor executor;
    private final int limit;
    private final int concurrency;
    private final Mailbox<ServerCall> mailbox;
    private final List<Channels.Subscription> listening = new ArrayList<>();
    private final List<Requests> reading = new ArrayList<>();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final RequestDeduplicator deduplicator = new RequestDeduplicator();
    private final IdempotencyCache idempotencyCache = new IdempotencyCache();
    private final AsyncCalls async = new AsyncCalls();
    private final List<QueueIntake> intakes; // none if it has no queued calls
    private final AtomicInteger reserved = new AtomicInteger(); // for queued calls that are being taken
    private CompletableFuture<Void> ready = new CompletableFuture<>();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final GuardedFuture<Void> closed = new GuardedFuture<>(this::requireOutside);

    public ServedService(
            String name,
            @Nullable Contract contract,
            List<ServedMethod> methods,
            Map<String, String> shapes,
            ServiceOptions options,
            Channels channels,
            RpcCodec codec,
            ReplySender replies,
            Executor executor,
            @Nullable CallQueues queues,
            SuspectPlace suspects,
            Home home) {
        this.name = name;
        this.contract = contract;
        this.methods = methods;
        this.shapes = shapes;
        this.channels = channels;
        this.codec = codec;
        this.replies = replies;
        this.home = home;
        this.executor = new CallerRunsExecutor(executor);
        this.limit = limit(options);
        this.concurrency = options.concurrency();
        Mailbox.Limits waiting = new Mailbox.Limits(limit, WAITING_BYTES);
        this.mailbox = new Mailbox<>(
                executor, channels::later, options.concurrency(), waiting, ServerCall::size, (call, next) -> run(call));
        this.intakes = queues == null
                ? List.of()
                : methods.stream()
                        .map(method ->
                                new QueueIntake(method, new Queueing(), channels, codec, replies, queues, suspects))
                        .toList();
    }

    /** What the intakes of queued calls need. */
    private final class Queueing implements QueuedCallRoom {

        /** As many as can begin at once: what is here already goes first. */
        @Override
        public int room() {
            return concurrency - mailbox.size() - async.size() - reserved.get();
        }

        @Override
        public void reserve(int calls) {
            reserved.addAndGet(calls);
        }

        @Override
        public void begin(ServerCall call) {
            if (!mailbox.offer(call)) {
                refuse(call);
            }
        }
    }

    /** How many calls there are at most, running or waiting. */
    static int limit(ServiceOptions options) {
        return (int) Math.min(Integer.MAX_VALUE, (long) options.concurrency() + options.queue());
    }

    @Nullable
    public Contract contract() {
        return contract;
    }

    public List<ServedMethod> methods() {
        return methods;
    }

    /** The signatures of its methods that are announced, by their names without the service. */
    public Map<String, String> shapes() {
        return shapes;
    }

    private Stream<ServerCall> unsettled() {
        return Stream.concat(
                deduplicator.unsettled().stream(),
                intakes.stream().map(QueueIntake::running).flatMap(List::stream));
    }

    /** How many of its calls wait to be executed. */
    int waiting() {
        return (int) unsettled().filter(ServerCall::isWaiting).count();
    }

    /** How its methods do, by their names. */
    Map<String, NodeStats.Method> methodStats() {
        Map<String, Integer> running = new HashMap<>();
        Map<String, Integer> waiting = new HashMap<>();
        unsettled().forEach(call -> (call.isWaiting() ? waiting : running).merge(call.method(), 1, Integer::sum));
        Map<String, NodeStats.Method> stats = new TreeMap<>();
        for (ServedMethod method : methods) {
            String called = method.name();
            stats.put(called, method.meter().stats(running.getOrDefault(called, 0), waiting.getOrDefault(called, 0)));
        }
        return stats;
    }

    public boolean serves(String method) {
        return methods.stream().anyMatch(served -> served.name().equals(method));
    }

    /** Subscribes to all channels, and then announces the service. */
    public void open() {
        for (ServedMethod method : methods) {
            String toAll = channels.names().method(method.name());
            String toThisNode = channels.names().method(method.name(), channels.node());
            listening.add(listen(toAll, method));
            listening.add(listen(toThisNode, method));
        }
        intakes.forEach(intake -> listening.add(channels.listen(intake.notices(), intake)));
        ready = new GuardedFuture<Void>()
                .follow(CompletableFuture.allOf(listening.stream()
                                .map(Channels.Subscription::ready)
                                .toArray(CompletableFuture[]::new))
                        .thenRun(() -> intakes.forEach(QueueIntake::open))
                        .thenComposeAsync(done -> home.announce(this), this.executor)
                        .handleAsync((done, failure) -> failure == null ? done() : failed(failure), executor)
                        .thenCompose(Function.identity()));
    }

    private Channels.Subscription listen(String channel, ServedMethod method) {
        Requests requests = new Requests(method);
        reading.add(requests);
        return channels.listen(channel, requests);
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    /** Undoes what has been done so far, so that it can be tried again. */
    private CompletableFuture<Void> failed(Throwable failure) {
        home.withdraw(this);
        return end().handle((done, ignored) -> {
                    home.forget(this);
                    completeClosed();
                    return CompletableFuture.<Void>failedFuture(notReady(failure));
                })
                .thenCompose(Function.identity());
    }

    private RpcException notReady(Throwable failure) {
        Throwable cause = RpcFailures.unwrapped(failure);
        Reason reason = cause instanceof TransportException refused ? RpcFailures.reason(refused) : Reason.REFUSED;
        String message = "Service " + name + " cannot be served on node " + channels.node() + ": " + cause.getMessage();
        return new RpcException(reason, true, name, channels.node(), Duration.ZERO, message, cause);
    }

    /** Reads what arrives on one of the channels of a method. */
    private final class Requests implements Receiver {

        private final ServedMethod method;
        private final RpcEnvelopeCache envelopes = codec.envelopeCache();

        Requests(ServedMethod method) {
            this.method = method;
        }

        /** Interceptors may block. */
        @Override
        public boolean isDirect() {
            return method.nonBlocking() && replies.interceptors().isEmpty();
        }

        @Override
        public void receive(String channel, List<Message> messages, Executor next) {
            long now = System.nanoTime();
            for (Message message : messages) {
                try {
                    RpcCodec.Request request = codec.readRequest(message, envelopes);
                    if (request.method().equals(method.name())) {
                        take(new ServerCall(method, request, replies, now, message.length()), next);
                    } else if (request.id().isEmpty() && request.method().startsWith("$/")) {
                        control(request);
                    } else {
                        replies.refuse(request, RpcCodec.METHOD_NOT_FOUND, "this channel is for " + method.name());
                    }
                } catch (RpcCodec.BadRequest e) {
                    channels.reportBad(channel, "A request was refused: " + e.getMessage());
                    if (channels.names().isInbox(e.request().replyTo())) {
                        replies.refuse(e.request(), e.code(), String.valueOf(e.getMessage()));
                    }
                } catch (IOException e) {
                    channels.reportBad(channel, "A cancellation was dropped: " + e.getMessage());
                } catch (RuntimeException | Error e) { // a defect of ours, which must not hold up the next messages
                    channels.reportBroken(channel, e);
                }
            }
        }

        @Override
        public void interrupted() {
            home.announceAgain();
        }
    }

    /** Of these notifications only one is known; others are for newer nodes. */
    private void control(RpcCodec.Request request) throws IOException {
        if (request.method().equals(RpcCodec.CANCEL)) {
            RpcCodec.Request which = codec.readCancel(request.params());
            ServerCall call = deduplicator.find(which.from(), which.id());
            if (call != null) {
                call.cancel();
            }
        } else {
            LOG.debug("Not understood: {}", RpcFailures.sanitized(request.method()));
        }
    }

    private void take(ServerCall call, Executor next) {
        if (call.hasExpired()) {
            expired(call); // its caller has given it up, so it need not be remembered
        } else if (!deduplicator.isNew(call)) {
            LOG.debug("Dropped a second request of {} for {}", call.caller(), call.method());
        } else if (replies.isCrowded(call)) {
            crowded(call); // even if its answer is known already
        } else if (idempotencyCache.isFirst(call)) {
            if (call.served().nonBlocking() && replies.interceptors().isEmpty() && !ended.get()) {
                run(call);
            } else {
                if (mailbox.size() >= concurrency) {
                    call.detachFromFrame();
                }
                if (!mailbox.offer(call, next)) {
                    refuse(call);
                }
            }
        }
    }

    private void refuse(ServerCall call) {
        if (ended.get()) {
            String leaving = "the node is about to leave; nothing was executed";
            replies.refuse(call, RpcCodec.DRAINING, Reason.DRAINING, leaving, "");
        } else {
            String busy = "the node has " + limit + " calls of this service to do; nothing was executed";
            replies.refuse(call, RpcCodec.OVERLOADED, Reason.OVERLOADED, busy, RpcCodec.RETRY_AFTER);
        }
    }

    private void expired(ServerCall call) {
        String late = "the deadline passed before it was started";
        replies.refuse(call, RpcCodec.DEADLINE_PASSED, Reason.TIMEOUT, late, "");
    }

    private void crowded(ServerCall call) {
        replies.refuse(call, RpcCodec.OVERLOADED, Reason.OVERLOADED, ReplyPacer.CROWDED, RpcCodec.RETRY_AFTER);
    }

    private void run(ServerCall call) {
        if (call.hasExpired()) {
            expired(call);
            return;
        }
        if (replies.isCrowded(call)) { // since it arrived
            crowded(call);
            return;
        }
        ServerInterceptors interceptors = replies.interceptors();
        ServerInterceptors.Chain chain = interceptors.isEmpty() ? null : interceptors.chain(call, this::serve);
        Observers observers = replies.observers();
        if (!call.begin(chain, observers != null)) {
            return;
        }
        Scope scope = observers == null ? null : call.observe(observers);
        boolean later = false;
        CallContext outer = call.enter(); // interceptors see the call like the method itself
        try {
            later = chain == null ? serve(call) : chain.run();
        } finally {
            call.leave(outer);
            if (observers != null && scope != null) {
                observers.leave(scope);
            }
            if (!later) {
                call.onMethodEnded();
                roomMade();
            }
        }
    }

    /** The queues are asked for more where there was no room for all that waits. */
    private void roomMade() {
        for (QueueIntake intake : intakes) {
            intake.onRoom();
        }
    }

    /** Runs the method; true if the answer comes later. */
    private boolean serve(ServerCall call) {
        ServedMethod method = call.served();
        @Nullable Object[] arguments;
        try {
            arguments = method.arguments(call.request().params());
        } catch (IOException e) {
            String problem = String.valueOf(e.getMessage());
            replies.refuse(call, RpcCodec.INVALID_PARAMS, Reason.REFUSED, problem, "");
            return false;
        } catch (RuntimeException | Error e) { // a broken class path, for which the arguments are not to blame
            replies.fail(call, e);
            return false;
        }
        call.releaseParams();
        if (method.mayGiveStage() && async.size() >= limit) {
            refuse(call);
            return false;
        }
        if (call.isCancelled()) {
            return false; // while its arguments were read
        }
        try {
            Object result = method.run(arguments);
            if (method.mayGiveStage() && result instanceof CompletionStage<?> stage) {
                finishLater(call, stage);
                return true;
            }
            replies.finish(call, result);
        } catch (Throwable t) {
            replies.fail(call, t);
        }
        return false;
    }

    private void finishLater(ServerCall call, CompletionStage<?> stage) {
        async.add();
        AtomicBoolean finished = new AtomicBoolean(); // a stage of the program may complete twice, or throw
        BiConsumer<@Nullable Object, @Nullable Throwable> once = (value, failure) -> {
            if (finished.compareAndSet(false, true)) {
                try {
                    if (failure == null) {
                        replies.finish(call, value);
                    } else {
                        replies.fail(call, failure);
                    }
                } finally {
                    call.onMethodEnded();
                    async.remove();
                    roomMade();
                }
            }
        };
        try {
            stage.whenComplete(once);
        } catch (RuntimeException | Error e) {
            once.accept(null, e);
        }
    }

    @Override
    public String service() {
        return name;
    }

    @Override
    public CompletableFuture<Void> ready() {
        return ready;
    }

    @Override
    public void close() {
        if (!closing.getAndSet(true)) {
            if (channels.isConnecting()) { // nobody knows of it, so it need not become ready first
                CompletableFuture<Void> unused = end();
            }
            ready.handle((done, failure) -> home.withdraw(this)) // not before it was announced
                    .thenCompose(Function.identity())
                    .handle((done, failure) -> end())
                    .thenCompose(Function.identity())
                    .whenCompleteAsync((done, failure) -> home.forget(this), executor)
                    .whenComplete((done, failure) -> completeClosed());
        }
    }

    @Override
    public CompletableFuture<Void> closed() {
        return closed.copy();
    }

    /** A call must not wait for the end of its own service. */
    private void requireOutside() {
        if (ServerCall.isOf(methods)) {
            throw new IllegalStateException("A call of service " + name + " would wait for the service's own end, which"
                    + " comes when it returns. End the service without waiting, or wait on another thread");
        }
    }

    /** Ends it with its server, which asks not to be called any more: it stays announced. */
    CompletableFuture<Void> drain() {
        return end().whenComplete((done, failure) -> {
            home.forget(this);
            completeClosed();
        });
    }

    /** On the executor: code of the program may depend on it, and this may be the transport's thread. */
    private void completeClosed() {
        closed.completeAsync(() -> null, new CallerRunsExecutor(executor));
    }

    /** Takes nothing more; completes when everything that was taken has been answered. */
    private CompletableFuture<Void> end() {
        ended.set(true);
        intakes.forEach(QueueIntake::end);
        return CompletableFuture.allOf(
                        listening.stream().map(Channels.Subscription::close).toArray(CompletableFuture[]::new))
                .handle((done, failure) -> {
                    reading.forEach(requests -> requests.envelopes.close());
                    return mailbox.close();
                })
                .thenCompose(Function.identity())
                .thenCompose(done -> async.drained())
                .thenCompose(done -> CompletableFuture.allOf(
                        intakes.stream().map(QueueIntake::leave).toArray(CompletableFuture[]::new)));
    }

    /** Refuses what has not been started, so that it can go to another node: there is no more time. */
    public void abandon() {
        deduplicator.waiting().stream().filter(ServerCall::begin).forEach(this::refuse);
        intakes.forEach(QueueIntake::abandon);
    }

    /** Counts calls whose methods returned a stage that is not complete yet. Thread-safe. */
    private static final class AsyncCalls {

        private int size; // guarded by this
        private CompletableFuture<Void> drained = CompletableFuture.completedFuture(null); // guarded by this

        synchronized void add() {
            if (size++ == 0) {
                drained = new CompletableFuture<>();
            }
        }

        void remove() {
            CompletableFuture<Void> last;
            synchronized (this) {
                if (--size > 0) {
                    return;
                }
                last = drained;
            }
            last.complete(null);
        }

        synchronized int size() {
            return size;
        }

        /** Completes when those that run now have ended. */
        synchronized CompletableFuture<Void> drained() {
            return drained;
        }
    }
}
