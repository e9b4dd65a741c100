package dev.omnibus.durable;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.EventHandler;
import dev.omnibus.bus.Subscription;
import java.util.concurrent.CompletableFuture;

/**
 * A durable topic: a log of events in Redis, from which consumer groups take what they have to do and followers read
 * what has happened.
 *
 * <p>An event is appended exactly once, however often that had to be tried, and in order per publisher. Each group gets
 * every event at least once, and never twice without {@link Delivery#mayHaveRun()} or a report by
 * {@link dev.omnibus.bus.BusListener#onDoubled}. Thread-safe.
 *
 * @param <T> the type of the payload
 */
public interface DurableTopic<T> {

    /**
     * Returns the name.
     *
     * @return the topic's name
     */
    String name();

    /**
     * Returns a future that completes when the topic is known to stand in Redis. Nothing needs to wait for it.
     *
     * @return fails with a {@link DurableTopicException} if another process has opened the topic with another
     *     retention, or Redis refuses
     */
    CompletableFuture<Void> ready();

    /**
     * Publishes an event. It does not block, and is appended after those that this process has published before.
     *
     * @param data the payload: anything but null that Jackson can write
     * @return completes when it is appended, with its position; fails with a {@link dev.omnibus.bus.PublishException}
     * @throws IllegalArgumentException if there is no data, it cannot be written as JSON, or the topic has
     *     {@link Partitions} and the event has no key
     */
    @CanIgnoreReturnValue
    CompletableFuture<Position> publish(T data);

    /**
     * Publishes an event with options, otherwise as {@link #publish(Object)}.
     *
     * @param data the payload
     * @param options its headers, and how long it is tried
     * @return its position
     * @throws IllegalArgumentException if the data cannot be written as JSON, a header's name is not allowed, or the
     *     topic has {@link Partitions} and the event has no key
     */
    @CanIgnoreReturnValue
    CompletableFuture<Position> publish(T data, PublishOptions options);

    /**
     * Joins a consumer group with the default options, otherwise as {@link #subscribe(String, GroupOptions,
     * DeliveryHandler)}.
     *
     * @param group the group's name
     * @param handler handles the events that this node takes, one at a time
     * @return the subscription of this node
     * @throws IllegalArgumentException if the name is invalid
     * @throws IllegalStateException if this process consumes the group already
     */
    @CanIgnoreReturnValue
    Subscription subscribe(String group, EventHandler<T> handler);

    /**
     * Joins a consumer group, otherwise as {@link #subscribe(String, GroupOptions, DeliveryHandler)}.
     *
     * @param group the group's name
     * @param handler handles the events that this node takes, one at a time
     * @return the subscription of this node
     * @throws IllegalArgumentException if the name is invalid
     * @throws IllegalStateException if this process consumes the group already
     */
    @CanIgnoreReturnValue
    Subscription subscribe(String group, DeliveryHandler<T> handler);

    /**
     * Joins a consumer group: each event of the topic is handled by one node of the group, until the handler returns,
     * which acknowledges it. If the handler throws, the event is retried with growing pauses, and becomes a dead letter
     * in the end. If the node dies, another one takes over what it had, within seconds.
     *
     * <p>The group is created with the first subscription, and outlives it: see {@link #forget}. The subscription is
     * kept over lost connections and restarts of Redis, and whatever the handler throws.
     *
     * @param group the group's name, as a topic's: such as {@code billing}
     * @param options how events are read, handled and retried
     * @param handler handles the events that this node takes
     * @return the subscription of this node; {@link Subscription#close()} finishes what is being handled, and gives the
     *     rest back
     * @throws IllegalArgumentException if the name is invalid, or the topic has {@link Partitions} and the options an
     *     ordering key, or a start that is the position of an event
     * @throws IllegalStateException if this process consumes the group already
     */
    @CanIgnoreReturnValue
    Subscription subscribe(String group, GroupOptions options, DeliveryHandler<T> handler);

    /**
     * Joins a consumer group with a handler whose work goes on after it has returned, otherwise as
     * {@link #subscribe(String, GroupOptions, DeliveryHandler)}.
     *
     * @param group the group's name
     * @param options how events are read, handled and retried
     * @param handler begins to handle an event, and returns a stage that completes when that is done
     * @return the subscription of this node
     * @throws IllegalArgumentException if the name is invalid
     * @throws IllegalStateException if this process consumes the group already
     */
    @CanIgnoreReturnValue
    Subscription subscribeAsync(String group, GroupOptions options, AsyncHandler<T> handler);

    /**
     * Follows the log: replays what comes after a position, and goes on with what is appended, in the order of the log.
     * Every follower gets every event; nothing is acknowledged, and nothing is kept for it. Of a topic with
     * {@link Partitions}, each partition is in order.
     *
     * @param from what comes after it is handled; {@link Position#EARLIEST}, {@link Position#LATEST},
     *     {@link Position#since} or that of an event
     * @param handler handles the events one at a time
     * @return the subscription
     * @throws IllegalArgumentException if it is the position of an event, and the topic has partitions: it says nothing
     *     of the others
     */
    @CanIgnoreReturnValue
    Subscription follow(Position from, FollowHandler<T> handler);

    /**
     * Follows the log, and remembers the position in Redis under a name: the follower that is started next with this
     * name goes on about where the last one was, and may get events of the last second again. With a new name it begins
     * with the first event that is kept.
     *
     * @param name the name, as that of a group
     * @param handler handles the events one at a time
     * @return the subscription
     * @throws IllegalArgumentException if the name is invalid
     */
    @CanIgnoreReturnValue
    Subscription follow(String name, FollowHandler<T> handler);

    /**
     * Returns the events that a consumer group has given up.
     *
     * @param group the group's name
     * @return its dead letters
     * @throws IllegalArgumentException if the name is invalid
     */
    DeadLetters<T> deadLetters(String group);

    /**
     * Reads how much there is, and how far the groups are.
     *
     * @return completes with what Redis counts; fails with a {@link DurableTopicException}
     */
    CompletableFuture<DurableTopicStatus> status();

    /**
     * Removes a consumer group for good, with its dead letters, so that it does not hold up the trimming any more. A
     * node that still consumes it would create it anew.
     *
     * @param group the group's name
     * @return completes with false if there is no such group; fails with a {@link DurableTopicException}
     */
    @CanIgnoreReturnValue
    CompletableFuture<Boolean> forget(String group);

    /**
     * Removes a named follower for good, so that it does not hold up the trimming any more. One that is still running
     * would write its position again.
     *
     * @param name the follower's name
     * @return completes with false if there is no such follower; fails with a {@link DurableTopicException}
     */
    @CanIgnoreReturnValue
    CompletableFuture<Boolean> forgetFollower(String name);
}
