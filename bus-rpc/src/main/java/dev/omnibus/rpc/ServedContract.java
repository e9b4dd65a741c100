package dev.omnibus.rpc;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.bus.Bus;
import dev.omnibus.channel.Channels;
import dev.omnibus.channel.Listening;
import dev.omnibus.channel.Mailbox;
import dev.omnibus.channel.Message;
import dev.omnibus.channel.Receiver;
import dev.omnibus.channel.Sent;
import dev.omnibus.rpc.Contract.Operation;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One contract that this node serves: two channels per method, one queue for all of them, and the answers.
 *
 * <p>Every request that can be answered is answered exactly once: with a result, with the service's own fault, or with
 * an error that says whether it was executed.
 */
final class ServedContract implements Registration {

    private static final int CONCURRENCY = 64;
    private static final Mailbox.Limits WAITING = new Mailbox.Limits(1024 + CONCURRENCY, 64L * 1024 * 1024);
    private static final int RETRY_AFTER_MILLIS = 100;
    private static final Logger LOG = LoggerFactory.getLogger(ServedContract.class);

    private record Work(Method method, RpcCodec.Request request, long arrived, int size) {}

    private final Contract contract;
    private final Object implementation;
    private final Channels channels;
    private final RpcCodec codec;
    private final Announcement announcement;
    private final Consumer<ServedContract> forget;
    private final Executor executor;
    private final Mailbox<Work> mailbox;
    private final List<Listening> listening = new ArrayList<>();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final RecentRequests recent = new RecentRequests();
    private final RunningStages stages = new RunningStages();
    private CompletableFuture<Void> ready = new CompletableFuture<>();
    private @Nullable CompletableFuture<Void> closing; // guarded by this

    ServedContract(
            Contract contract,
            Object implementation,
            Bus bus,
            RpcCodec codec,
            Announcement announcement,
            Consumer<ServedContract> forget) {
        this.contract = contract;
        this.implementation = implementation;
        this.channels = bus.channels();
        this.codec = codec;
        this.announcement = announcement;
        this.forget = forget;
        this.executor = new LastingExecutor(bus.executor());
        this.mailbox = new Mailbox<>(bus.executor(), CONCURRENCY, WAITING, Work::size, (work, next) -> execute(work));
    }

    /** Listens on all channels, and then tells the others. */
    void open() {
        for (Operation operation : contract.operations().values()) {
            Method method = new Method(operation);
            listening.add(channels.listen(channels.names().method(operation.name()), method));
            listening.add(channels.listen(channels.names().method(operation.name(), channels.node()), method));
        }
        List<String> names = contract.operations().values().stream()
                .map(operation -> operation.method().getName())
                .sorted()
                .toList();
        ready = CompletableFuture.allOf(listening.stream().map(Listening::ready).toArray(CompletableFuture[]::new))
                .thenCompose(done -> announcement.add(contract.service(), names))
                .handleAsync((done, failure) -> failure == null ? done() : failed(failure), executor)
                .thenCompose(Function.identity());
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    /** Takes back what has been done so far, so that it can be tried again. */
    private CompletableFuture<Void> failed(Throwable failure) {
        announcement.remove(contract.service());
        return end().handle((done, ignored) -> {
                    forget.accept(this);
                    return CompletableFuture.<Void>failedFuture(notReady(failure));
                })
                .thenCompose(Function.identity());
    }

    private RpcException notReady(Throwable failure) {
        Throwable cause = failure instanceof CompletionException e && e.getCause() != null ? e.getCause() : failure;
        Reason reason = cause instanceof TransportException refused ? Failures.reason(refused) : Reason.REFUSED;
        String message = "Service " + contract.service() + " cannot be served on node " + channels.node() + ": "
                + cause.getMessage();
        return new RpcException(reason, true, contract.service(), channels.node(), Duration.ZERO, message, cause);
    }

    /** One method: reads what arrives on its channels. */
    private final class Method implements Receiver {

        private final Operation operation;
        private final List<String> parameterNames;
        private final ObjectReader[] readers;

        Method(Operation operation) {
            this.operation = operation;
            this.parameterNames = operation.parameterNames();
            Type[] types = operation.method().getGenericParameterTypes();
            this.readers = new ObjectReader[types.length];
            for (int i = 0; i < types.length; i++) {
                readers[i] = codec.argumentReader(types[i]);
            }
        }

        @Override
        public void receive(String channel, List<Message> messages, Executor next) {
            long now = System.nanoTime();
            for (Message message : messages) {
                try {
                    RpcCodec.Request request = codec.readRequest(message);
                    if (!request.method().equals(operation.name())) {
                        refuse(request, RpcCodec.METHOD_NOT_FOUND, "this channel is for " + operation.name(), "");
                    } else if (!recent.isNew(request)) {
                        LOG.debug("Dropped a second request {} of {}", request.id(), request.from());
                    } else if (!mailbox.offer(new Work(this, request, now, message.length()), next)) {
                        refuse(request);
                    }
                } catch (RpcCodec.BadRequest e) {
                    channels.reportBad(channel, "A request was refused: " + e.getMessage());
                    refuse(e.request(), RpcCodec.INVALID_REQUEST, String.valueOf(e.getMessage()), "");
                }
            }
        }

        @Override
        public void interrupted() {
            announcement.sayAgain();
        }

        @Nullable
        Object[] arguments(RpcCodec.Request request) throws IOException {
            return codec.arguments(request.params(), parameterNames, readers);
        }
    }

    private void refuse(RpcCodec.Request request) {
        if (ended.get()) {
            refuse(request, RpcCodec.DRAINING, "the node is about to leave; nothing was executed", "");
        } else {
            String busy = "the node has " + WAITING.items() + " calls of this service to do; nothing was executed";
            refuse(request, RpcCodec.OVERLOADED, busy, "{\"retryAfterMs\":" + RETRY_AFTER_MILLIS + "}");
        }
    }

    private void execute(Work work) {
        RpcCodec.Request request = work.request();
        if ((System.nanoTime() - work.arrived()) / 1_000_000 >= request.ttlMillis()) {
            refuse(request, RpcCodec.DEADLINE_PASSED, "the deadline passed before it was started", "");
            return;
        }
        @Nullable Object[] arguments;
        try {
            arguments = work.method().arguments(request);
        } catch (IOException e) {
            refuse(request, RpcCodec.INVALID_PARAMS, String.valueOf(e.getMessage()), "");
            return;
        }
        if (work.method().operation.async() && stages.running() >= WAITING.items()) {
            refuse(request);
            return;
        }
        try {
            Object result = work.method().operation.method().invoke(implementation, arguments);
            if (work.method().operation.async()) {
                finishLater(request, (CompletionStage<?>) Objects.requireNonNull(result, "the method gave no stage"));
            } else {
                finish(request, result, null);
            }
        } catch (InvocationTargetException e) {
            finish(request, null, e.getCause());
        } catch (IllegalAccessException | RuntimeException | Error e) {
            finish(request, null, e);
        }
    }

    private void finishLater(RpcCodec.Request request, CompletionStage<?> stage) {
        stages.add();
        AtomicBoolean finished = new AtomicBoolean(); // a stage of the program's own making may do as it likes
        BiConsumer<@Nullable Object, @Nullable Throwable> once = (value, failure) -> {
            if (finished.compareAndSet(false, true)) {
                try {
                    finish(request, value, failure);
                } finally {
                    stages.remove();
                }
            }
        };
        try {
            stage.whenComplete(once);
        } catch (RuntimeException e) {
            once.accept(null, e);
        }
    }

    private void finish(RpcCodec.Request request, @Nullable Object value, @Nullable Throwable failure) {
        if (failure != null) {
            fault(request, failure);
            return;
        }
        byte[] response;
        try {
            response = codec.result(request, value);
        } catch (JsonProcessingException | RuntimeException | Error e) { // the program's own getters are called here
            fault(request, e);
            return;
        }
        reply(request, response);
    }

    /** Only what the service's author wrote for others to read leaves this process. */
    private void fault(RpcCodec.Request request, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof RpcFault fault && fault.node().isEmpty()) {
            refuse(request, fault.code(), String.valueOf(fault.getMessage()), "");
            return;
        }
        String errorId = UUID.randomUUID().toString();
        LOG.error("Call {} of {} failed, error id {}", request.method(), request.from(), errorId, cause);
        refuse(request, RpcCodec.INTERNAL_ERROR, "internal error, id " + errorId + " in the server's log", "");
    }

    private void refuse(RpcCodec.Request request, int code, String message, String data) {
        reply(request, codec.error(request, code, message, data));
    }

    private void reply(RpcCodec.Request request, byte[] response) {
        if (request.id().isEmpty()) {
            return; // a notification is never answered
        }
        if (!channels.names().isInbox(request.replyTo())) {
            channels.reportBad(
                    channels.names().method(request.method()),
                    "A request cannot be answered: its replyTo names no inbox");
            return;
        }
        channels.send(request.replyTo(), response, false, new Replying(request));
    }

    /** A result may be larger than what can be sent: the caller shall not wait for it in vain. */
    private final class Replying implements Sent {

        private final RpcCodec.Request request;

        Replying(RpcCodec.Request request) {
            this.request = request;
        }

        @Override
        public void sent(long receivers, boolean exact) {
            if (receivers == 0) {
                LOG.debug("The caller {} of {} has gone before its answer", request.from(), request.method());
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (failure.kind() == TransportException.Kind.TOO_LARGE) {
                LOG.error("The result of {} for {} was not sent", request.method(), request.from(), failure);
                byte[] error = codec.error(request, RpcCodec.INTERNAL_ERROR, "the result is too large to be sent", "");
                channels.send(request.replyTo(), error, false, UNNOTICED);
            } else {
                LOG.debug("The answer to {} of {} was not sent", request.method(), request.from(), failure);
            }
        }
    }

    @Override
    public String service() {
        return contract.service();
    }

    @Override
    public CompletableFuture<Void> ready() {
        return ready;
    }

    @Override
    public synchronized CompletableFuture<Void> close() {
        if (closing == null) {
            closing = closeOnce();
        }
        return closing;
    }

    private CompletableFuture<Void> closeOnce() {
        return ready.handle((done, failure) -> announcement.remove(contract.service())) // not before it was announced
                .thenCompose(Function.identity())
                .handle((done, failure) -> end())
                .thenCompose(Function.identity())
                .whenCompleteAsync((done, failure) -> forget.accept(this), executor);
    }

    /** Takes nothing more; completes when everything that was taken has been answered. */
    CompletableFuture<Void> end() {
        ended.set(true);
        return CompletableFuture.allOf(listening.stream().map(Listening::close).toArray(CompletableFuture[]::new))
                .handle((done, failure) -> mailbox.close())
                .thenCompose(Function.identity())
                .thenCompose(done -> stages.none());
    }
}
