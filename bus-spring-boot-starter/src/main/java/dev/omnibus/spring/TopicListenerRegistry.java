package dev.omnibus.spring;

import dev.omnibus.bus.Subscription;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * A registry of the {@link TopicListener} methods of the application, to start and stop one of them while it runs.
 * There is a bean of it. Thread-safe.
 */
public interface TopicListenerRegistry {

    /**
     * Returns which listeners there are.
     *
     * @return their ids, in alphabetical order; empty before the application has found them all
     */
    Set<String> ids();

    /**
     * Returns the subscriptions of a listener.
     *
     * @param id the listener's id
     * @return one for each of its topics; none if it is not started
     * @throws IllegalArgumentException if there is no such listener
     */
    List<Subscription> subscriptions(String id);

    /**
     * Starts a listener. Nothing happens if it is started already.
     *
     * @param id the listener's id
     * @return completes when its subscriptions are established; fails with a {@link dev.omnibus.bus.SubscribeException}
     * @throws IllegalArgumentException if there is no such listener, or it cannot be subscribed
     */
    CompletableFuture<Void> start(String id);

    /**
     * Stops a listener. Events that have arrived are still handled.
     *
     * @param id the listener's id
     * @return completes when the last of them has been handled
     * @throws IllegalArgumentException if there is no such listener
     */
    CompletableFuture<Void> stop(String id);
}
