package dev.omnibus.rpc;

import dev.omnibus.rpc.Contract.Operation;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Puts one question to all nodes that serve a contract, and collects every answer. Immutable and thread-safe.
 *
 * @param <S> the contract
 */
public final class Broadcast<S> {

    private final RpcClient client;
    private final Contract contract;
    private final CallOptions options;

    Broadcast(RpcClient client, Contract contract, CallOptions options) {
        this.client = client;
        this.contract = contract;
        this.options = options;
    }

    /**
     * The same with other options.
     *
     * @param newOptions how long to wait
     * @return a broadcast with these options
     */
    public Broadcast<S> with(CallOptions newOptions) {
        return new Broadcast<>(client, contract, newOptions);
    }

    /**
     * Asks and waits for the answers. It takes as long as the slowest node, or until the timeout; a node that dies
     * meanwhile is given up when its lease ends.
     *
     * @param question calls the one method that is asked, on an object that only takes note of it; of a method that
     *     gives a stage, use {@link RpcClient#broadcast(String, Class, CallOptions, Object...)}
     * @param <T> what the method gives
     * @return every answer, and who is missing
     * @throws RpcException if nobody could be asked: {@code NO_SERVER} if nobody serves it
     * @throws IllegalArgumentException if the question does not call exactly one method of the contract
     */
    public <T> Replies<T> ask(Function<S, T> question) {
        ServiceProxy.Recording recording = ServiceProxy.record(contract, question);
        return ServiceProxy.await(ask(recording), recording.operation().name());
    }

    /**
     * Asks without waiting.
     *
     * @param question as in {@link #ask}
     * @param <T> what the method gives
     * @return completes with every answer, and who is missing; fails with an {@link RpcException} if nobody could be
     *     asked. Cancelling it ends the waiting, not the work of the servers
     * @throws IllegalArgumentException if the question does not call exactly one method of the contract
     */
    public <T> CompletableFuture<Replies<T>> askAsync(Function<S, T> question) {
        return ask(ServiceProxy.record(contract, question));
    }

    private <T> CompletableFuture<Replies<T>> ask(ServiceProxy.Recording recording) {
        Operation operation = recording.operation();
        if (operation.async()) {
            throw new IllegalArgumentException("The method " + operation.name()
                    + " gives a stage; ask for it by name, with RpcClient.broadcast(\"" + operation.name() + "\", …)");
        }
        return client.broadcast(operation.name(), client.reader(operation.result()), options, recording.arguments());
    }
}
