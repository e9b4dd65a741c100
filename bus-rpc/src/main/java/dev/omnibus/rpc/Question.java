package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.rpc.internal.broadcast.Asking;
import dev.omnibus.rpc.internal.broadcast.ReplySubscription;
import dev.omnibus.rpc.internal.broadcast.ScatterGather;
import dev.omnibus.rpc.internal.client.CallSettings;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.client.ServiceProxy;
import dev.omnibus.rpc.internal.contract.Contract.Operation;
import dev.omnibus.transport.NonBlockingThread;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A question that can be put to all nodes that serve a method: what is asked, for how long, until when, and who is told
 * of the replies. Asking it twice asks twice. Immutable and thread-safe.
 *
 * @param <T> what the method gives
 */
public final class Question<T> {

    private final ClientRuntime client;
    private final String method;
    private final ObjectReader result;
    private final byte[] params;
    private final CallOptions options;
    private final long contractsMillis;
    private final Until<? super T> until;
    private final @Nullable Consumer<? super Reply<T>> onReply;

    static <T> Question<T> of(
            ClientRuntime client, String method, ObjectReader result, CallOptions options, Object[] arguments) {
        byte[] params = client.codec().argumentWriter(List.of()).write(method, arguments);
        return new Question<>(client, method, result, params, options, 0);
    }

    static <T> Question<T> of(ClientRuntime client, Operation operation, CallOptions options, Object[] arguments) {
        byte[] params = client.codec().argumentWriter(operation.parameters()).write(operation.name(), arguments);
        return new Question<>(
                client,
                operation.name(),
                client.reader(operation.result()),
                params,
                options,
                operation.traits().timeoutMillis());
    }

    private Question(
            ClientRuntime client,
            String method,
            ObjectReader result,
            byte[] params,
            CallOptions options,
            long contractsMillis) {
        this(client, method, result, params, options, contractsMillis, Until.all(), null);
    }

    private Question(
            ClientRuntime client,
            String method,
            ObjectReader result,
            byte[] params,
            CallOptions options,
            long contractsMillis,
            Until<? super T> until,
            @Nullable Consumer<? super Reply<T>> onReply) {
        this.client = client;
        this.method = method;
        this.result = result;
        this.params = params;
        this.options = options;
        this.contractsMillis = contractsMillis;
        this.until = until;
        this.onReply = onReply;
    }

    /**
     * The same with other options.
     *
     * @param newOptions how long to wait, and headers; what they say of nodes, keys and retries is for calls to one
     *     node
     * @return a question with these options
     */
    public Question<T> with(CallOptions newOptions) {
        return new Question<>(client, method, result, params, newOptions, contractsMillis, until, onReply);
    }

    /**
     * The same with another rule for when the answers are enough. Nodes that have not answered by then are told to give
     * up.
     *
     * @param rule the rule
     * @return a question with this rule
     */
    public Question<T> until(Until<? super T> rule) {
        return new Question<>(client, method, result, params, options, contractsMillis, rule, onReply);
    }

    /**
     * The same with somebody who is told of each reply as it arrives: one at a time, on the bus' executor, and all of
     * them before the asking ends. What he throws is logged.
     *
     * @param listener told
     * @return a question with this listener
     */
    public Question<T> onReply(Consumer<? super Reply<T>> listener) {
        return new Question<>(client, method, result, params, options, contractsMillis, until, listener);
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
        NonBlockingThread.requireOther("Waiting for the answers of " + method);
        return ServiceProxy.await(askAsync(), method);
    }

    /**
     * Asks without waiting.
     *
     * @return completes with every answer, and who is missing; fails with an {@link RpcException} if nobody could be
     *     asked, and with what the predicate of {@link Until#accepted} threw. Cancelling it ends the waiting, and tells
     *     the nodes that have not answered to give up
     */
    public CompletableFuture<Replies<T>> askAsync() {
        return ask(onReply);
    }

    private CompletableFuture<Replies<T>> ask(@Nullable Consumer<? super Reply<T>> listener) {
        return client.ask(method, options, contractsMillis, (used, nanos) -> {
            Asking asking = new Asking(params, CallSettings.of(used).headerPart(), nanos);
            return new ScatterGather<>(client, method, asking, result, until, listener);
        });
    }

    /**
     * Each subscriber asks, and gets the replies as they arrive and as fast as it requests them; what it has not
     * requested yet is kept, which is at most one reply per node. It ends when the asking does, and so gives nothing
     * away about who is missing: {@link #askAsync} does.
     *
     * @return a publisher of replies
     */
    public Flow.Publisher<Reply<T>> publisher() {
        return subscriber -> new ReplySubscription<T>(subscriber, client::execute).begin(added -> ask(both(added)));
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
