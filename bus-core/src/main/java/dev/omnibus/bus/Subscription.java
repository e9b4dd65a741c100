package dev.omnibus.bus;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.concurrent.CompletableFuture;

/** A handler's standing order for the events of a topic. It ends when it is closed, or with its bus. Thread-safe. */
public interface Subscription {

    /**
     * What is subscribed to.
     *
     * @return the topic's name or the pattern
     */
    String topic();

    /**
     * When events arrive. An event published before that may be missed.
     *
     * @return completes when Redis has confirmed the subscription; fails with a {@link SubscribeException} if it
     *     refuses or cannot be reached, and then the subscription has ended
     */
    CompletableFuture<Void> ready();

    /**
     * Ends the subscription. Events that have arrived are still handled. Idempotent.
     *
     * @return completes when the last of them has been handled. To wait for it inside the handler itself, which would
     *     be for ever, throws an {@link IllegalStateException}
     */
    @CanIgnoreReturnValue
    CompletableFuture<Void> close();

    /**
     * When it has ended, whoever closed it: the program, its bus, {@link Overflow#CLOSE}, an executor that refuses to
     * run its handler, or Redis, which refuses it or cannot be reached when it is made.
     *
     * @return completes when it has ended and the last event has been handled
     */
    CompletableFuture<Void> closed();

    /**
     * What has become of its events so far.
     *
     * @return a snapshot
     */
    SubscriptionStats stats();
}
