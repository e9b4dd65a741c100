package dev.omnibus.bench.peer;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** A client of one durable topic, whose events are kept until its consumer groups have acknowledged them. */
public interface DurableClient extends AutoCloseable {

    /** The topic, whatever a library calls it; the names of all that it needs on Redis contain that. */
    String TOPIC = "bench.durable";

    /** How many events are read at a time, where the user has to say it. */
    int BATCH = 512;

    /** Makes the topic, where that is not done by using it. */
    default void create() throws Exception {}

    /** Publishes without waiting; completes when the library says that the event is kept. */
    CompletionStage<?> publish(Order order);

    /**
     * Handles events as one of a consumer group, from the oldest one on. Each is acknowledged after the handler has
     * returned. It stands when this returns, and ends with this client.
     */
    void consume(String group, Consumer<Order> handler) throws Exception;

    /** Reads all events from the oldest one on, and then what comes, without acknowledging any. */
    void follow(Consumer<Order> handler) throws Exception;

    /** How many events are kept. */
    long kept() throws Exception;

    /** How many events a group has not acknowledged. */
    long unacknowledged(String group) throws Exception;

    /** Deletes the topic, where it is not on Redis. */
    default void delete() throws Exception {}

    @Override
    void close();
}
