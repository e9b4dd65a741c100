package dev.omnibus.bus;

import java.util.concurrent.CompletableFuture;

/**
 * A subscription: its handler gets the events of a topic, or of all topics that match a pattern, until it is closed or
 * its bus is. Thread-safe.
 */
public interface Subscription extends AutoCloseable {

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
     * Ends the subscription, without waiting: events that have arrived are still handled, and {@link #closed()}
     * completes after the last of them. Idempotent.
     */
    @Override
    void close();

    /**
     * When it has ended, whoever closed it: the program, its bus, {@link Overflow#CLOSE}, an executor that refuses to
     * run its handler, or Redis, which refuses it or cannot be reached when it is made.
     *
     * @return completes when it has ended and the last event has been handled. To wait for it inside its own handler,
     *     which would be for ever, throws an {@link IllegalStateException}
     */
    CompletableFuture<Void> closed();

    /**
     * What has become of its events so far.
     *
     * @return a snapshot
     */
    SubscriptionStats stats();
}
