package dev.omnibus.rpc.internal.server;

import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.CallQueues;
import dev.omnibus.transport.CallQueues.Server;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A barrier: what a node has taken from a queue passes when so many replicas know of it, as one that takes over would
 * let it be executed once more else. Thread-safe.
 */
final class ReplicaBarrier {

    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);
    private static final int ATTEMPTS = 4; // of half a second: what was taken waits here instead of in the queue
    private static final Duration PAUSE = Duration.ofMillis(250); // after one that has failed

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

    /** Completes with whether what was taken before has passed, and never exceptionally. */
    CompletableFuture<Boolean> pass() {
        return pass(1);
    }

    private CompletableFuture<Boolean> pass(int attempt) {
        return queues.confirm(server, replicas)
                .handle((confirmed, failure) -> {
                    boolean passed = failure == null && confirmed;
                    if (passed || attempt == ATTEMPTS) {
                        log(
                                passed,
                                failure == null
                                        ? ""
                                        : ": " + RpcFailures.unwrapped(failure).getMessage());
                        return CompletableFuture.completedFuture(passed);
                    }
                    return failure == null ? pass(attempt + 1) : passLater(attempt + 1);
                })
                .thenCompose(Function.identity());
    }

    /** For instance when there is a connection for it. */
    private CompletableFuture<Boolean> passLater(int attempt) {
        CompletableFuture<Boolean> passed = new CompletableFuture<>();
        later.run(PAUSE, () -> pass(attempt).thenAccept(passed::complete));
        return passed;
    }

    private void log(boolean passed, String why) {
        String queue = server.queue().queue();
        if (!passed && closed.compareAndSet(false, true)) {
            FailureLog.safely(() -> LOG.warn(
                    "Nothing that was taken from {} is executed, but given back, as it is not confirmed by {} replicas{}",
                    queue,
                    replicas,
                    why));
        } else if (passed && closed.compareAndSet(true, false)) {
            FailureLog.safely(() -> LOG.info("What is taken from {} is executed again", queue));
        }
    }
}
