package dev.omnibus.rpc.internal.server;

import dev.omnibus.internal.channel.ChannelSubscription;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.Receiver;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.rpc.CallContext;
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
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Methods that this node serves together: two channels per method, one queue for all of them.
 *
 * <p>Every request that can be answered is answered exactly once: with a result, with the service's own fault, or with
 * an error that says whether it was executed.
 */
public final class ServedService implements Registration {

    private static final long WAITING_BYTES = 64L * 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);

    /** What a service needs of its server. */
    public interface Home {

        /** Tells the others that the service can be called. */
        CompletableFuture<Void> announce(ServedService service);

        /** Tells them that it will not be any more. */
        CompletableFuture<Void> withdraw(ServedService service);

        /** The link was down: others may doubt that this node is there. */
        void announceAgain();

        /** It has ended. */
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
    private final List<ChannelSubscription> listening = new ArrayList<>();
    private final List<Requests> reading = new ArrayList<>();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final RequestDeduplicator deduplicator = new RequestDeduplicator();
    private final IdempotencyCache idempotencyCache = new IdempotencyCache();
    private final AsyncCalls async = new AsyncCalls();
    private CompletableFuture<Void> ready = new CompletableFuture<>();
    private @Nullable CompletableFuture<Void> closing; // guarded by this

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
                executor,
                channels::later,
                options.concurrency(),
                waiting,
                ServerCall::size,
                (execution, next) -> run(execution));
    }

    /** How many calls are there at most, those that wait among them. */
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

    /** What the others are told of its methods, by their names without the service. */
    public Map<String, String> shapes() {
        return shapes;
    }

    public boolean serves(String method) {
        return methods.stream().anyMatch(served -> served.name().equals(method));
    }

    /** Listens on all channels, and then tells the others. */
    public void open() {
        for (ServedMethod method : methods) {
            String toAll = channels.names().method(method.name());
            String toThisNode = channels.names().method(method.name(), channels.node());
            listening.add(listen(toAll, method));
            listening.add(listen(toThisNode, method));
        }
        ready = new GuardedFuture<Void>()
                .follow(CompletableFuture.allOf(listening.stream()
                                .map(ChannelSubscription::ready)
                                .toArray(CompletableFuture[]::new))
                        .thenComposeAsync(done -> home.announce(this), this.executor)
                        .handleAsync((done, failure) -> failure == null ? done() : failed(failure), executor)
                        .thenCompose(Function.identity()));
    }

    private ChannelSubscription listen(String channel, ServedMethod method) {
        Requests requests = new Requests(method);
        reading.add(requests);
        return channels.listen(channel, requests);
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    /** Takes back what has been done so far, so that it can be tried again. */
    private CompletableFuture<Void> failed(Throwable failure) {
        home.withdraw(this);
        return end().handle((done, ignored) -> {
                    home.forget(this);
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

        /** Interceptors have made no promise. */
        @Override
        public boolean isDirect() {
            return method.nonBlocking() && !replies.isIntercepted();
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
                } catch (RuntimeException | Error e) { // of our own doing; the messages behind it are not to suffer
                    channels.reportBroken(channel, e);
                }
            }
        }

        @Override
        public void interrupted() {
            home.announceAgain();
        }
    }

    /** Of these notifications only one is known; others are for nodes that know more. */
    private void control(RpcCodec.Request request) throws IOException {
        if (request.method().equals(RpcCodec.CANCEL)) {
            RpcCodec.Request which = codec.readCancel(request.params());
            ServerCall execution = deduplicator.find(which.from(), which.id());
            if (execution != null) {
                execution.cancel();
            }
        } else {
            LOG.debug("Not understood: {}", RpcFailures.sanitized(request.method()));
        }
    }

    private void take(ServerCall execution, Executor next) {
        if (execution.hasExpired()) {
            expired(execution); // whoever sent it knows nothing of it any more, and it is not to be remembered
        } else if (!deduplicator.isNew(execution)) {
            LOG.debug("Dropped a second request of {} for {}", execution.caller(), execution.method());
        } else if (replies.isCrowded(execution)) {
            crowded(execution); // also if its answer is known already
        } else if (idempotencyCache.isFirst(execution)) {
            if (execution.served().nonBlocking() && !replies.isIntercepted() && !ended.get()) {
                run(execution);
            } else {
                if (mailbox.size() >= concurrency) {
                    execution.detachFromFrame();
                }
                if (!mailbox.offer(execution, next)) {
                    refuse(execution);
                }
            }
        }
    }

    private void refuse(ServerCall execution) {
        if (ended.get()) {
            String leaving = "the node is about to leave; nothing was executed";
            replies.refuse(execution, RpcCodec.DRAINING, Reason.DRAINING, leaving, "");
        } else {
            String busy = "the node has " + limit + " calls of this service to do; nothing was executed";
            replies.refuse(execution, RpcCodec.OVERLOADED, Reason.OVERLOADED, busy, RpcCodec.RETRY_AFTER);
        }
    }

    private void expired(ServerCall execution) {
        String late = "the deadline passed before it was started";
        replies.refuse(execution, RpcCodec.DEADLINE_PASSED, Reason.TIMEOUT, late, "");
    }

    private void crowded(ServerCall execution) {
        replies.refuse(execution, RpcCodec.OVERLOADED, Reason.OVERLOADED, ReplyPacer.CROWDED, RpcCodec.RETRY_AFTER);
    }

    private void run(ServerCall execution) {
        if (execution.hasExpired()) {
            expired(execution);
            return;
        }
        if (replies.isCrowded(execution)) { // since it came
            crowded(execution);
            return;
        }
        if (!execution.begin()) {
            return;
        }
        boolean later = false;
        CallContext outer = execution.enter(); // interceptors see the call like the method itself
        try {
            later = replies.allows(execution) && serve(execution);
        } finally {
            execution.leave(outer);
            if (!later) {
                execution.onMethodEnded();
            }
        }
    }

    /** True if the answer comes later. */
    private boolean serve(ServerCall execution) {
        ServedMethod method = execution.served();
        @Nullable Object[] arguments;
        try {
            arguments = method.arguments(execution.request().params());
        } catch (IOException e) {
            String problem = String.valueOf(e.getMessage());
            replies.refuse(execution, RpcCodec.INVALID_PARAMS, Reason.REFUSED, problem, "");
            return false;
        } catch (RuntimeException | Error e) { // a broken class path, which is no matter of the caller's arguments
            replies.fail(execution, e);
            return false;
        }
        execution.releaseParams();
        if (method.mayGiveStage() && async.size() >= limit) {
            refuse(execution);
            return false;
        }
        if (execution.isCancelled()) {
            return false; // while its arguments were read
        }
        try {
            Object result = method.run(arguments);
            if (method.mayGiveStage() && result instanceof CompletionStage<?> stage) {
                finishLater(execution, stage);
                return true;
            }
            replies.finish(execution, result);
        } catch (Throwable t) {
            replies.fail(execution, t);
        }
        return false;
    }

    private void finishLater(ServerCall execution, CompletionStage<?> stage) {
        async.add();
        AtomicBoolean finished = new AtomicBoolean(); // a stage of the program's own making may do as it likes
        BiConsumer<@Nullable Object, @Nullable Throwable> once = (value, failure) -> {
            if (finished.compareAndSet(false, true)) {
                try {
                    if (failure == null) {
                        replies.finish(execution, value);
                    } else {
                        replies.fail(execution, failure);
                    }
                } finally {
                    execution.onMethodEnded();
                    async.remove();
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
    public synchronized CompletableFuture<Void> close() {
        if (closing == null) {
            closing = new GuardedFuture<Void>(this::requireOutside).follow(closeOnce());
        }
        return closing;
    }

    /** A call must not wait for the end of its own service, of which it is a part. */
    private void requireOutside() {
        if (ServerCall.isOf(methods)) {
            throw new IllegalStateException("A call of service " + name + " would wait for the service's own end, which"
                    + " comes when it returns. End the service without waiting, or wait on another thread");
        }
    }

    private CompletableFuture<Void> closeOnce() {
        return ready.handle((done, failure) -> home.withdraw(this)) // not before it was announced
                .thenCompose(Function.identity())
                .handle((done, failure) -> end())
                .thenCompose(Function.identity())
                .whenCompleteAsync((done, failure) -> home.forget(this), executor);
    }

    /** Takes nothing more; completes when everything that was taken has been answered. */
    public CompletableFuture<Void> end() {
        ended.set(true);
        return CompletableFuture.allOf(
                        listening.stream().map(ChannelSubscription::close).toArray(CompletableFuture[]::new))
                .handle((done, failure) -> {
                    reading.forEach(requests -> requests.envelopes.close());
                    return mailbox.close();
                })
                .thenCompose(Function.identity())
                .thenCompose(done -> async.drained());
    }

    /** There is no more time: who has not been started may go elsewhere, and is not started meanwhile. */
    public void abandon() {
        deduplicator.waiting().stream().filter(ServerCall::begin).forEach(this::refuse);
    }

    /** The calls whose methods gave a stage that is not complete yet. Thread-safe. */
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

        /** Completes when none is left of those that run now. */
        synchronized CompletableFuture<Void> drained() {
            return drained;
        }
    }
}
