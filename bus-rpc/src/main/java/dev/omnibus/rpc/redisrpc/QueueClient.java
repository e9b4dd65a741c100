package dev.omnibus.rpc.redisrpc;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.Adapter;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.Queues;
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Calls over one queue. Thread-safe. */
final class QueueClient implements Adapter.Calls {

    /** How long a call that has timed out may take to find out whether its request was still waiting. */
    private static final Duration TAKE_BACK = Duration.ofMillis(80);

    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private static final byte[] NOTHING = {};
    private static final int NAME_LENGTH = 8;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final String queue;
    private final Semaphore room;
    private final Supplier<Queues> queues;
    private final QueueCodec codec;
    private final Executor executor;
    private final Channels channels;

    QueueClient(String queue, BusRuntime bus, Executor executor, Semaphore room, Supplier<Queues> queues) {
        this.queue = queue;
        this.room = room;
        this.queues = queues;
        this.codec = new QueueCodec(bus.json());
        this.executor = executor;
        this.channels = bus.channels();
    }

    @Override
    public CompletableFuture<JsonNode> call(String method, JsonNode params, Duration timeout) {
        StringBuilder responseQueue = new StringBuilder(queue).append(QueueCodec.RESPONSES);
        for (int i = 0; i < NAME_LENGTH; i++) {
            responseQueue.append(LETTERS.charAt(RANDOM.nextInt(LETTERS.length())));
        }
        byte[] request = codec.request(method, params, responseQueue.toString());
        if (request.length > codec.maxBytes()) { // a server of a bus could not even say that it cannot read it
            String tooLarge = "the request is too large: " + request.length + " bytes, at most " + codec.maxBytes()
                    + "; see maxMessageBytes";
            return CompletableFuture.failedFuture(
                    Adapter.failure(Reason.REFUSED, true, queue + "." + method, Duration.ZERO, tooLarge, null));
        }
        Queues lists;
        try {
            lists = queues.get();
        } catch (RpcException e) {
            return CompletableFuture.failedFuture(e);
        } catch (IllegalStateException e) {
            String why = String.valueOf(e.getMessage());
            return CompletableFuture.failedFuture(
                    Adapter.failure(Reason.CLOSED, true, queue + "." + method, Duration.ZERO, why, e));
        }
        if (!room.tryAcquire()) { // each takes up a connection while it waits
            String busy = "this node has " + RedisRpc.MAX_AT_A_TIME + " calls over queues under way already";
            return CompletableFuture.failedFuture(
                    Adapter.failure(Reason.OVERLOADED, true, queue + "." + method, Duration.ZERO, busy, null));
        }
        CompletableFuture<JsonNode> result =
                new Calling(lists, method, request).start(responseQueue.toString(), timeout);
        result.whenComplete((value, failure) -> room.release());
        return result;
    }

    /** One call. */
    private final class Calling {

        private final Queues lists;
        private final String method;
        private final byte[] request;
        private final long started = System.nanoTime();
        private final CompletableFuture<JsonNode> result = new CompletableFuture<>();

        Calling(Queues lists, String method, byte[] request) {
            this.lists = lists;
            this.method = queue + "." + method;
            this.request = request;
        }

        CompletableFuture<JsonNode> start(String responseQueue, Duration timeout) {
            CompletableFuture<Void> pushed = lists.push(queue, request);
            CompletableFuture<Optional<byte[]>> answer = pushed.thenCompose(done -> {
                CompletableFuture<Optional<byte[]>> taken = lists.take(responseQueue, timeout);
                result.whenComplete((value, failure) -> taken.cancel(true)); // nothing, if it has come
                return taken;
            });
            channels.limit(answer.thenApply(message -> message.orElse(NOTHING)), timeout)
                    .whenCompleteAsync((message, failure) -> ended(pushed, message, failure), executor);
            result.whenComplete((value, failure) -> {
                if (result.isCancelled()) {
                    takenBack(pushed); // else it would be executed for nobody
                }
            });
            return result;
        }

        private void ended(CompletableFuture<Void> pushed, byte @Nullable [] message, @Nullable Throwable failure) {
            try {
                end(pushed, message, failure);
            } catch (RuntimeException | Error e) { // nobody else would hear of it, and the call would have no end
                result.completeExceptionally(e);
            }
        }

        private void end(CompletableFuture<Void> pushed, byte @Nullable [] message, @Nullable Throwable failure) {
            Throwable cause = failure instanceof CompletionException e && e.getCause() != null ? e.getCause() : failure;
            if (message != null && message.length > 0) {
                answered(message);
            } else if (cause == null || cause instanceof TimeoutException) {
                takeBack(pushed);
            } else {
                boolean notSent = pushed.isCompletedExceptionally()
                        && cause instanceof TransportException transport
                        && transport.notSent();
                fail(RpcFailures.reason(cause), notSent, String.valueOf(cause.getMessage()), cause);
            }
        }

        private void answered(byte[] message) {
            try {
                JsonNode answer = codec.readResponse(message);
                if (answer.hasNonNull("exception")) {
                    fail(Reason.FAULT, false, answer.get("exception").asText(), null);
                } else {
                    result.complete(answer.get("return_value"));
                }
            } catch (IOException e) {
                fail(Reason.BAD_REPLY, false, "the answer makes no sense: " + e.getMessage(), e);
            }
        }

        /** A request that waits yet will not be executed any more. */
        private void takeBack(CompletableFuture<Void> pushed) {
            channels.limit(takenBack(pushed), TAKE_BACK)
                    .exceptionally(failure -> false)
                    .thenAcceptAsync(
                            waited -> fail(
                                    Reason.TIMEOUT,
                                    waited,
                                    waited
                                            ? "no server has taken the request, and it was taken back; is one there?"
                                            : "the deadline passed; whether it was executed is not known",
                                    null),
                            executor);
        }

        /** Not before it is there: commands that follow one another may overtake one another. */
        private CompletableFuture<Boolean> takenBack(CompletableFuture<Void> pushed) {
            return pushed.handle((done, failure) -> lists.remove(queue, request))
                    .thenCompose(Function.identity());
        }

        private void fail(Reason reason, boolean notExecuted, String why, @Nullable Throwable cause) {
            Duration elapsed = Duration.ofNanos(System.nanoTime() - started);
            result.completeExceptionally(Adapter.failure(reason, notExecuted, method, elapsed, why, cause));
        }
    }
}
