package dev.omnibus.rpc.internal.server;

import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.CallQueues.Answer;
import dev.omnibus.transport.CallQueues.Server;
import dev.omnibus.transport.StreamId;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A barrier: what a node has taken from a queue passes when so many replicas know of it. Otherwise a replica that takes
 * over would have it executed again. Thread-safe.
 */
final class ReplicaBarrier {

    /** After what has not passed, until calls are taken again. */
    static final Duration REST = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);
    private static final Duration PATIENCE = Duration.ofSeconds(2); // then others may try
    private static final Duration PAUSE = Duration.ofMillis(50); // after a try

    private final DelayedExecutor later;
    private final CallQueues queues;
    private final Server server;
    private final int replicas;
    private final AtomicBoolean closed = new AtomicBoolean(); // it was logged

    ReplicaBarrier(DelayedExecutor later, CallQueues queues, Server server, int replicas) {
        this.later = later;
        this.queues = queues;
        this.server = server;
        this.replicas = replicas;
    }

    boolean isOpen() {
        return replicas == 0;
    }

    /**
     * Tries to pass.
     *
     * @param calls those that wait, which are to be this node's
     * @param given answers of those that are not to be its own any more
     * @return completes with whether that is so at the replicas as well; never exceptionally
     */
    CompletableFuture<Boolean> pass(List<ServerCall> calls, List<Answer> given) {
        List<StreamId> ended = given.stream().map(Answer::entry).toList();
        return pass(() -> waiting(calls), ended, System.nanoTime() + PATIENCE.toNanos())
                .exceptionally(failure -> false);
    }

    /** Some may have been cancelled meanwhile. */
    private static List<StreamId> waiting(List<ServerCall> calls) {
        return calls.stream()
                .filter(ServerCall::isWaiting)
                .flatMap(call -> Stream.ofNullable(call.origin()))
                .map(ServerCall.Origin::entry)
                .toList();
    }

    private CompletableFuture<Boolean> pass(Supplier<List<StreamId>> taken, List<StreamId> ended, long until) {
        return confirm(taken, ended)
                .handle((confirmed, failure) -> {
                    boolean passed = failure == null && confirmed;
                    if (!passed && System.nanoTime() - until < 0) {
                        return passLater(taken, ended, until);
                    }
                    log(passed, failure);
                    return CompletableFuture.completedFuture(passed);
                })
                .thenCompose(Function.identity());
    }

    private CompletableFuture<Boolean> confirm(Supplier<List<StreamId>> taken, List<StreamId> ended) {
        try {
            return queues.confirm(server, taken.get(), ended, replicas);
        } catch (RuntimeException | Error e) { // no thread for a connection, for instance
            return CompletableFuture.failedFuture(e);
        }
    }

    /** When there is a connection for it, for instance, or the replicas have caught up. */
    private CompletableFuture<Boolean> passLater(Supplier<List<StreamId>> taken, List<StreamId> ended, long until) {
        CompletableFuture<Boolean> passed = new CompletableFuture<>();
        later.run(
                PAUSE,
                () -> pass(taken, ended, until)
                        .whenComplete((there, failure) -> passed.complete(failure == null && there)));
        return passed;
    }

    private void log(boolean passed, @Nullable Throwable failure) {
        String queue = server.queue().queue();
        if (!passed && closed.compareAndSet(false, true)) {
            String why =
                    failure == null ? "" : ": " + RpcFailures.unwrapped(failure).getMessage();
            FailureLog.safely(() -> LOG.warn(
                    "What is taken from {} is not executed, but given back, as {} replicas do not confirm it{}",
                    queue,
                    replicas,
                    why));
        } else if (passed && closed.compareAndSet(true, false)) {
            FailureLog.safely(() -> LOG.info("What is taken from {} is executed again", queue));
        }
    }
}
