package dev.omnibus.rpc;

import java.util.concurrent.CompletableFuture;

/**
 * A service that this node serves. It ends when it is closed, or with its bus. Thread-safe.
 *
 * <p>It need not be closed: a service that is to be there as long as its bus ends with it.
 */
public interface Registration extends AutoCloseable {

    /**
     * The service's name.
     *
     * @return the name that the contract gives it
     */
    String service();

    /**
     * When others can call it.
     *
     * @return completes when Redis has confirmed every channel and the directory says so; fails with an
     *     {@link RpcException} if Redis refuses or cannot be reached
     */
    CompletableFuture<Void> ready();

    /** Ends the service on this node, and does not wait: see {@link #closed()}. Idempotent. */
    @Override
    void close();

    /**
     * When it has ended, whoever ended it: the program, its bus, or Redis, which refused it. Calls that have arrived by
     * then are still executed and answered.
     *
     * @return completes when the last of them has been answered; never fails. To wait for it inside one of them, which
     *     would be for ever, throws an {@link IllegalStateException}
     */
    CompletableFuture<Void> closed();
}
