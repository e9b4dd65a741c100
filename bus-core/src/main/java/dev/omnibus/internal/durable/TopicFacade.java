package dev.omnibus.internal.durable;

import dev.omnibus.bus.EventHandler;
import dev.omnibus.bus.Subscription;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.AsyncHandler;
import dev.omnibus.durable.DeliveryHandler;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.FollowHandler;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.durable.OutboxRelay;
import dev.omnibus.durable.OutboxSource;
import dev.omnibus.durable.Position;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.durable.consume.Work;
import dev.omnibus.internal.event.TopicPattern;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A durable topic as programs have it, of one log or of several partitions: what they call, in terms of a few
 * operations.
 */
abstract class TopicFacade<T> implements DurableTopic<T> {

    private final DurableRuntime runtime;
    private final Topic<T> topic;
    private final Retention retention;
    private final int partitions; // 0: none

    TopicFacade(DurableRuntime runtime, Topic<T> topic, Retention retention, int partitions) {
        this.runtime = runtime;
        this.topic = topic;
        this.retention = retention;
        this.partitions = partitions;
    }

    /** Where an event goes that is published, as which bytes. */
    record Routed<T>(OpenTopic<T> log, byte[] event) {}

    /** Returns the headers of an event, with its key, if it needs one. */
    Map<String, String> keyed(T data, Map<String, String> headers) {
        return headers;
    }

    /** Returns where an event is to be appended, by its headers. */
    abstract Routed<T> route(T data, Map<String, String> headers, PublishOptions options);

    /** Appends an event there. */
    CompletableFuture<Position> append(T data, Map<String, String> headers, PublishOptions options) {
        Routed<T> routed = route(data, headers, options);
        return routed.log().append(routed.event(), options);
    }

    /** Joins a consumer group. */
    abstract Subscription consume(String group, GroupOptions options, Work<T> work);

    /** Follows the log, or all of them: from a position, or under a name. */
    abstract Subscription follow(Optional<String> follower, Position from, FollowHandler<T> handler);

    /** Begins to publish what an outbox has. */
    abstract OutboxRelay relay(OutboxSource<T> source);

    /** Returns what it consists of. */
    abstract List<OpenTopic<T>> logs();

    /** Whether it is what is asked for; the functions that partitions have cannot be compared. */
    boolean isOpenedAs(Topic<?> other, Retention otherRetention, int otherPartitions) {
        return topic.equals(other) && retention.equals(otherRetention) && partitions == otherPartitions;
    }

    @Override
    public final String toString() {
        return text(topic, retention, partitions);
    }

    static String text(Topic<?> topic, Retention retention, int partitions) {
        return topic + " with " + retention + (partitions == 0 ? "" : " in " + partitions + " partitions");
    }

    @Override
    public final String name() {
        return topic.name();
    }

    @Override
    public final CompletableFuture<Position> publish(T data) {
        return publish(data, PublishOptions.defaults());
    }

    @Override
    public final CompletableFuture<Position> publish(T data, PublishOptions options) {
        return runtime.publish(this, data, options);
    }

    @Override
    public final Subscription subscribe(String group, EventHandler<T> handler) {
        Objects.requireNonNull(handler, "handler");
        return subscribe(group, GroupOptions.defaults(), (event, delivery) -> handler.handle(event));
    }

    @Override
    public final Subscription subscribe(String group, DeliveryHandler<T> handler) {
        return subscribe(group, GroupOptions.defaults(), handler);
    }

    @Override
    public final Subscription subscribe(String group, GroupOptions options, DeliveryHandler<T> handler) {
        Objects.requireNonNull(handler, "handler");
        requireName(group);
        return consume(group, options, (event, delivery) -> {
            handler.handle(event, delivery);
            return null;
        });
    }

    @Override
    public final Subscription subscribeAsync(String group, GroupOptions options, AsyncHandler<T> handler) {
        Objects.requireNonNull(handler, "handler");
        requireName(group);
        return consume(
                group,
                options,
                (event, delivery) ->
                        Objects.requireNonNull(handler.handle(event, delivery), "The handler has returned no stage"));
    }

    @Override
    public final Subscription follow(Position from, FollowHandler<T> handler) {
        Objects.requireNonNull(handler, "handler");
        return follow(Optional.empty(), from, handler);
    }

    @Override
    public final Subscription follow(String follower, FollowHandler<T> handler) {
        Objects.requireNonNull(handler, "handler");
        requireName(follower);
        return follow(Optional.of(follower), Position.EARLIEST, handler);
    }

    static void requireName(String name) {
        try {
            TopicPattern.requireTopic(name);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "The name of a consumer group or follower is as that of a topic: \"" + name + "\" is none", e);
        }
    }
}
