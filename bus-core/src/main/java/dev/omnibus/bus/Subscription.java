package dev.omnibus.bus;

import java.util.concurrent.CompletableFuture;

/**
 * A handle of a subscription, whose handler gets the events of a topic, or of all topics that match a pattern, until
 * the subscription or its bus is closed. Thread-safe.
 */
public interface Subscription extends AutoCloseable {

    /**
     * Returns what is subscribed to.
     *
     * @return the topic's name or the pattern
     */
    String topic();

    /**
     * Returns a future that completes when the subscription is established. An event published before that may be
     * missed.
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
     * Returns a future that completes when the subscription has ended, for whatever reason: the program, its bus or
     * {@link Overflow#CLOSE} closed it, an executor rejected its handler, or Redis refused it or could not be reached
     * when it was made.
     *
     * @return completes when it has ended and the last event has been handled. Waiting for it inside its own handler,
     *     which would be a deadlock, throws an {@link IllegalStateException}
     */
    CompletableFuture<Void> closed();

    /**
     * Returns what has happened to its events so far.
     *
     * @return a snapshot
     */
    SubscriptionStats stats();
}
