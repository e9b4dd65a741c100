package dev.omnibus.rpc;

import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.client.ServiceProxy;
import dev.omnibus.rpc.internal.contract.Contract;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Puts one question to all nodes that serve a contract, and collects every answer. Immutable and thread-safe.
 *
 * @param <S> the contract
 */
public final class Broadcast<S> {

    private final ClientRuntime client;
    private final Contract contract;
    private final CallOptions options;

    Broadcast(ClientRuntime client, Contract contract, CallOptions options) {
        client.directory().drift().expect(contract);
        this.client = client;
        this.contract = contract;
        this.options = options;
    }

    /**
     * The same with other options.
     *
     * @param newOptions how long to wait, and headers; what they say of nodes, keys and retries is for calls to one
     *     node
     * @return a broadcast with these options
     */
    public Broadcast<S> with(CallOptions newOptions) {
        return new Broadcast<>(client, contract, newOptions);
    }

    /**
     * Asks and waits for all answers, as {@link Question#ask} does.
     *
     * @param question calls the one method that is asked, on an object that only takes note of it; for a method that
     *     gives a stage, see {@link #stageQuestion}
     * @param <T> what the method gives
     * @return every answer, and who is missing
     * @throws RpcException if nobody could be asked: {@code NO_SERVER} if nobody serves it
     * @throws IllegalArgumentException if the question does not call exactly one method of the contract
     */
    public <T> Replies<T> ask(ServiceCall<S, T> question) {
        return question(question).ask();
    }

    /**
     * Asks without waiting, as {@link Question#askAsync} does.
     *
     * @param question as in {@link #ask}
     * @param <T> what the method gives
     * @return completes with every answer, and who is missing
     * @throws IllegalArgumentException if the question does not call exactly one method of the contract
     */
    public <T> CompletableFuture<Replies<T>> askAsync(ServiceCall<S, T> question) {
        return question(question).askAsync();
    }

    /**
     * A question that can be told more before it is asked: when to stop, and who is told of the replies.
     *
     * @param question as in {@link #ask}
     * @param <T> what the method gives
     * @return the question
     * @throws IllegalArgumentException if the question does not call exactly one method of the contract
     */
    public <T> Question<T> question(ServiceCall<S, T> question) {
        ServiceProxy.Recording recording = ServiceProxy.record(contract, question);
        if (recording.operation().async()) {
            throw new IllegalArgumentException(
                    "The method " + recording.operation().name()
                            + " gives a stage; ask with stageQuestion, which gives what is in it");
        }
        return question(recording);
    }

    /**
     * A question to a method that gives a {@code CompletionStage} or {@code CompletableFuture}. The replies have what
     * is in it.
     *
     * @param question as in {@link #ask}
     * @param <T> what the stage gives
     * @return the question
     * @throws IllegalArgumentException if the question does not call exactly one method of the contract
     */
    public <T> Question<T> stageQuestion(ServiceCall<S, ? extends CompletionStage<T>> question) {
        return question(ServiceProxy.record(contract, question));
    }

    private <T> Question<T> question(ServiceProxy.Recording recording) {
        return Question.of(client, recording.operation(), options, recording.arguments());
    }
}
