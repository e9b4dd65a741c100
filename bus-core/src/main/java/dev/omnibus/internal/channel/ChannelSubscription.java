package dev.omnibus.internal.channel;

import java.util.concurrent.CompletableFuture;

/**
 * A subscription of this process to a channel or a pattern of channels. Its futures may complete on the transport's own
 * thread: dependents must neither block nor throw. Thread-safe.
 */
public interface ChannelSubscription {

    /**
     * Whether it is established.
     *
     * @return completes when the transport has confirmed the subscription; fails with a
     *     {@link dev.omnibus.transport.TransportException} if it refuses
     */
    CompletableFuture<Void> ready();

    /**
     * Whether the receiver got everything that had arrived by now.
     *
     * @return completes then; at once if the subscription has ended
     */
    CompletableFuture<Void> caughtUp();

    /**
     * Ends the subscription. What has arrived is still handed to the receiver. Idempotent.
     *
     * @return completes when the transport has ended it and the last message was handed over
     */
    CompletableFuture<Void> close();
}
