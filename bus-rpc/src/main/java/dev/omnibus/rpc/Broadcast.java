package dev.omnibus.rpc;

import dev.omnibus.rpc.internal.broadcast.ReplyPublisher;
import dev.omnibus.rpc.internal.broadcast.ScatterGather;
import dev.omnibus.rpc.internal.client.CallSettings;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.client.ServiceProxy;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.transport.NonBlockingThread;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A broadcast call: one method with its arguments, which all nodes that serve it execute, and every answer to it.
 *
 * <p>It is made by {@link RpcClient#broadcast}, and sent by {@link #ask} or {@link #askAsync}, each time anew. The
 * methods between the two give changed copies. Immutable and thread-safe.
 *
 * @param <T> what the method gives
 */
public final class Broadcast<T> {

    /**
     * A call of one method of a contract, most often a lambda: {@code stock -> stock.left("sku-1")}. It is run once,
     * when the broadcast is made, on an object that only records which method is called, with which arguments.
     *
     * @param <S> the contract
     * @param <T> what the method gives
     */
    @FunctionalInterface
    public interface Invocation<S, T> {

        /**
         * Calls one method, and returns what it returns: null or zero, which must not be worked with.
         *
         * @param service records the call
         * @return what the method returned
         * @throws Exception never; so that the method may declare exceptions, which are found in the replies
         */
        @Nullable
        T invoke(S service) throws Exception;
    }

    private final ClientRuntime client;
    private final RemoteMethod method;
    private final byte[] params;
    private final CallOptions options;
    private final Until<? super T> until;
    private final @Nullable Consumer<? super Reply<T>> onReply;

    /** A broadcast with the default options, to all nodes, until they have all answered. */
    Broadcast(ClientRuntime client, RemoteMethod method, @Nullable Object... arguments) {
        this(
                client,
                method,
                method.arguments().write(method.name(), arguments),
                CallOptions.defaults(),
                Until.all(),
                null);
    }

    private Broadcast(
            ClientRuntime client,
            RemoteMethod method,
            byte[] params,
            CallOptions options,
            Until<? super T> until,
            @Nullable Consumer<? super Reply<T>> onReply) {
        this.client = client;
        this.method = method;
        this.params = params;
        this.options = options;
        this.until = until;
        this.onReply = onReply;
    }

    /**
     * The same with other options.
     *
     * @param newOptions the timeout and headers; 5 seconds, or what {@link Timeout @Timeout} says, if none is set
     * @return a broadcast with these options
     * @throws IllegalArgumentException if they say something that only a call to one node can honour: a node, an
     *     affinity, an idempotency key, retries, an attempt timeout
     */
    public Broadcast<T> with(CallOptions newOptions) {
        CallSettings.of(newOptions).requireBroadcast();
        return new Broadcast<>(client, method, params, newOptions, until, onReply);
    }

    /**
     * The same with another rule for when the answers are enough. Calls at nodes that have not answered by then are
     * cancelled.
     *
     * @param rule the rule; {@link Until#all()} if none is set
     * @return a broadcast with this rule
     */
    public Broadcast<T> until(Until<? super T> rule) {
        return new Broadcast<>(client, method, params, options, rule, onReply);
    }

    /**
     * The same with a listener, which gets each reply as it arrives: one at a time, on the bus' executor, and all of
     * them before the broadcast ends.
     *
     * @param listener takes the place of the one that was set; what it throws is logged
     * @return a broadcast with this listener
     */
    public Broadcast<T> onReply(Consumer<? super Reply<T>> listener) {
        return new Broadcast<>(client, method, params, options, until, listener);
    }

    /**
     * Asks and waits. It takes as long as the slowest node, until the rule is met, or until the timeout; a node that
     * dies meanwhile is given up when its lease ends.
     *
     * @return every answer, and who is missing
     * @throws RpcException if nobody could be asked: {@code NO_SERVER} if nobody serves it
     * @throws IllegalStateException in a method that is {@link NonBlocking}
     */
    public Replies<T> ask() {
        NonBlockingThread.requireOther("Waiting for the answers of " + method.name());
        return ServiceProxy.await(askAsync(), method.name());
    }

    /**
     * Asks without waiting.
     *
     * @return completes with every answer, and who is missing; fails with an {@link RpcException} if nobody could be
     *     asked, and with what the predicate of {@link Until#accepted} threw. Cancelling it ends the waiting, and
     *     cancels the calls at the nodes that have not answered
     */
    public CompletableFuture<Replies<T>> askAsync() {
        return ask(onReply);
    }

    private CompletableFuture<Replies<T>> ask(@Nullable Consumer<? super Reply<T>> listener) {
        return client.ask(
                method,
                options,
                (used, nanos) -> new ScatterGather<>(
                        client, method, params, CallSettings.of(used).headerPart(), nanos, until, listener));
    }

    /**
     * The replies as a stream. Each subscriber asks anew, and gets the replies as they arrive and as fast as it
     * requests them; what it has not requested yet is kept, which is at most one reply per node. The stream ends with
     * the broadcast, and does not say who is missing: {@link #askAsync} does.
     *
     * @return a publisher of replies
     */
    public Flow.Publisher<Reply<T>> publisher() {
        return new ReplyPublisher<T>(added -> ask(both(added)), client::execute);
    }

    private Consumer<Reply<T>> both(Consumer<Reply<T>> second) {
        Consumer<? super Reply<T>> first = onReply;
        return first == null
                ? second
                : reply -> {
                    try {
                        first.accept(reply);
                    } finally {
                        second.accept(reply);
                    }
                };
    }
}
