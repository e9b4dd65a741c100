package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.concurrent.GuardedFuture;
import dev.omnibus.rpc.internal.wire.QueuedId;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A queued call, as its caller sees it. What the program does to the futures that it gets changes nothing for others.
 *
 * @param enqueued whether it is in the queue
 * @param result how it ends
 * @param canceller asks for its end
 */
public record QueuedCall<T>(
        QueuedId id,
        CompletableFuture<Void> enqueued,
        CompletableFuture<T> result,
        Supplier<CompletableFuture<Boolean>> canceller) {

    @Override
    public CompletableFuture<Void> enqueued() {
        return new GuardedFuture<Void>().follow(enqueued);
    }

    @Override
    public CompletableFuture<T> result() {
        return new GuardedFuture<T>().follow(result);
    }

    /** Asks for its end. */
    public CompletableFuture<Boolean> cancel() {
        return new GuardedFuture<Boolean>().follow(canceller.get());
    }

    QueuedCall<T> withResult(CompletableFuture<T> other) {
        return new QueuedCall<>(id, enqueued, other, canceller);
    }
}
