package dev.omnibus.rpc;

import dev.omnibus.rpc.internal.client.QueuedCall;
import java.util.concurrent.CompletableFuture;

/**
 * A queued call, as somebody sees it who waits for it: the process that has made it, or any that has its id.
 * Thread-safe.
 *
 * @param <T> what the method gives
 */
public final class Queued<T> {

    private final QueuedCall<T> call;

    Queued(QueuedCall<T> call) {
        this.call = call;
    }

    /**
     * The id of the call, for {@link RpcClient#queued}: {@code service.method:} and its key or a random text.
     *
     * @return the id
     */
    public String id() {
        return call.id().toString();
    }

    /**
     * Whether the call is safe in the queue. What is not known of that is found out by repeating it, for as long as the
     * call may wait, and for at most half of the time that its outcome is kept.
     *
     * @return completes when it is there; fails with an {@link RpcException} if it is not, or if that could not be
     *     found out
     */
    public CompletableFuture<Void> enqueued() {
        return call.enqueued();
    }

    /**
     * How the call ends. That is the same for all who ask.
     *
     * @return completes with the value, on the bus' executor; fails with an {@link RpcException}: with {@code TIMEOUT}
     *     if it has expired, {@code NODE_LOST} if the node died that had begun it, or if Redis does not know it (any
     *     more). Cancelling it ends the waiting of this process, and not the call
     */
    public CompletableFuture<T> result() {
        return call.result();
    }

    /**
     * Cancels the call. One that waits ends with {@code CANCELLED}, and is not executed. The node that has begun one is
     * asked to give it up; {@link #result()} has what came of that.
     *
     * @return completes with false if the call had ended; fails with an {@link RpcException} if Redis could not be
     *     asked
     */
    public CompletableFuture<Boolean> cancel() {
        return call.cancel();
    }

    @Override
    public String toString() {
        return "queued call " + id();
    }
}
