package dev.omnibus.internal.durable.log;

import dev.omnibus.durable.Position;
import dev.omnibus.durable.Retention;
import dev.omnibus.internal.event.Events;
import dev.omnibus.internal.event.ListenerNotifier;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamKeys;
import dev.omnibus.transport.Streams;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A log that this process has opened, as those see it who append to it and who read it: a durable topic, or one
 * partition of it. Thread-safe.
 */
public interface TopicLog<T> {

    /** Returns the name of the topic. */
    String name();

    /** Returns which part of the topic it has. */
    Partition partition();

    /** Returns the codec of its events. */
    EventFormat<T> format();

    Retention retention();

    StreamKeys keys();

    Streams streams();

    Timing timing();

    Events events();

    /** Returns the listeners that losses and failures are reported to. */
    ListenerNotifier reports();

    /** Returns the name of this node. */
    String node();

    /** Returns what the server has said of it; null until it stands. */
    Streams.@Nullable Description description();

    /** Returns the history of its server. */
    ServerHistory history();

    /** Returns the position of an entry, as programs have it. */
    default Position position(StreamId id) {
        return Failures.position(id, partition().number());
    }

    /** Returns its epoch, as this node knows it; empty if it does not. */
    default String epoch() {
        Streams.Description stands = description();
        return stands == null ? "" : stands.epoch();
    }

    /** Completes a future of the program, whose callbacks may block. */
    default <V> void settle(CompletableFuture<V> future, @Nullable V value, @Nullable Throwable failure) {
        events().settle(future, value, failure);
    }

    /** The server was emptied, or restored: opens the stream anew. */
    void reset();

    /** Asks whether the log has begun anew since an epoch, or nobody knows; then it is opened anew. */
    void whetherAnew(String since, Consumer<Boolean> then);
}
