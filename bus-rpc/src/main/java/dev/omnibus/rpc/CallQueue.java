package dev.omnibus.rpc;

import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.client.QueueSettings;
import dev.omnibus.rpc.internal.client.ServiceProxy;
import java.util.Objects;
import java.util.concurrent.CompletionStage;

/**
 * The queue of a service: calls wait in it until a node takes them that serves the contract
 * {@linkplain ServiceOptions#withQueued() with queued calls}, also while there is none.
 *
 * <p>A call is executed at most once, also if its node dies; a method that is {@link Idempotent} at least once. Each
 * call ends with exactly one outcome, which is kept for a while for whoever has its id. Thread-safe.
 *
 * @param <S> the contract
 */
public final class CallQueue<S> {

    private final ClientRuntime client;
    private final Class<S> contract;
    private final QueueSettings settings;

    CallQueue(ClientRuntime client, Class<S> contract, QueueOptions options) {
        this.client = client;
        this.contract = Objects.requireNonNull(contract, "contract");
        this.settings = QueueSettings.of(options);
        client.requireContract(contract);
        client.queued().open();
    }

    /**
     * Calls one method, which gives nothing, on an object that only records the call.
     *
     * @param <S> the contract
     */
    @FunctionalInterface
    public interface Action<S> {

        /**
         * Calls it.
         *
         * @param service records the call
         * @throws Exception what the method declares; nothing is thrown
         */
        void run(S service) throws Exception;
    }

    /**
     * Puts a call into the queue: {@code queue.enqueue(stock -> stock.restock("sku-1", 10))}.
     *
     * @param call calls the one method, on an object that only records the call
     * @param <T> what the method gives
     * @return the call, on its way into the queue
     * @throws IllegalArgumentException if the call is not of exactly one method, or works with what that returned; if
     *     an argument cannot be written as JSON; if the method gives a stage, for which there is {@link #enqueueStage}
     */
    public <T> Queued<T> enqueue(Broadcast.Invocation<S, T> call) {
        return recorded(ServiceProxy.record(client, contract, call, false));
    }

    /**
     * Puts a call of a method into the queue that gives a {@code CompletionStage} or {@code CompletableFuture}.
     *
     * @param call as in {@link #enqueue}
     * @param <T> what the stage gives
     * @return the call, on its way into the queue
     * @throws IllegalArgumentException as {@link #enqueue}
     */
    public <T> Queued<T> enqueueStage(Broadcast.Invocation<S, ? extends CompletionStage<T>> call) {
        return recorded(ServiceProxy.record(client, contract, call, true));
    }

    /**
     * Puts a call of a method into the queue that gives nothing.
     *
     * @param call as in {@link #enqueue}
     * @return the call, on its way into the queue
     * @throws IllegalArgumentException as {@link #enqueue}
     */
    public Queued<Void> enqueueVoid(Action<S> call) {
        Broadcast.Invocation<S, Void> recording = service -> {
            call.run(service);
            return null;
        };
        return recorded(ServiceProxy.record(client, contract, recording, false));
    }

    private <T> Queued<T> recorded(ServiceProxy.Recording recording) {
        return new Queued<>(client.enqueue(recording.method(), settings, recording.arguments()));
    }
}
