package dev.omnibus.durable;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.internal.durable.DurableRuntime;
import java.util.concurrent.CompletableFuture;

/**
 * A relay from the outbox of a program to a durable topic: publishes the rows in their order, and notes them as done
 * when Redis has confirmed them. Every process of the program may start one; only one of them works at a time, and
 * another takes over within seconds if it dies.
 *
 * <p>A row that was published and not noted as done is published again, which has no effect within the
 * {@linkplain Retention#withIdWindow window of ids}. If the outbox cannot be read or a row cannot be published,
 * {@link dev.omnibus.bus.BusListener#onOutboxFailed} says so, and it is tried again, with pauses that grow up to half a
 * minute; nothing behind that row is published meanwhile. Thread-safe.
 */
public interface OutboxRelay extends AutoCloseable {

    /**
     * Starts a relay. It ends with the bus of the topic, if it is not closed before.
     *
     * @param topic where to publish, opened by {@link DurableTopics}
     * @param source the outbox, with the rows of this topic
     * @param <T> the type of the payload
     * @return the relay
     * @throws IllegalStateException if this process relays an outbox to that topic already, or the bus is closed
     */
    @CanIgnoreReturnValue
    static <T> OutboxRelay start(DurableTopic<T> topic, OutboxSource<T> source) {
        return DurableRuntime.relay(topic, source);
    }

    /**
     * Says that something was written into the outbox. It is looked at once a second anyway; whoever calls this when a
     * transaction has been committed saves the wait, if it is this process that relays. It does not block.
     */
    void wake();

    /**
     * Returns whether it is this process that relays.
     *
     * @return false if another one does, or none can
     */
    boolean isActive();

    /** Stops it: what is being published is finished, and the next process may begin. It does not block. */
    @Override
    void close();

    /**
     * Returns a future that completes when it is closed and has stopped, or the topic was refused.
     *
     * @return never fails
     */
    CompletableFuture<Void> closed();
}
