package dev.omnibus.rpc;

import java.util.concurrent.CompletableFuture;

/** A service that this node serves. It ends when it is closed, or with its bus. Thread-safe. */
public interface Registration {

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

    /**
     * Ends the service on this node. Calls that have arrived are still executed and answered. Idempotent.
     *
     * @return completes when the last of them has been answered. To wait for it inside one of them, which would be for
     *     ever, throws an {@link IllegalStateException}
     */
    CompletableFuture<Void> close();
}
