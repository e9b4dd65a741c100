package dev.omnibus.durable;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The dead letters of one consumer group: events whose handler has failed too often, that were rejected, that do not
 * fit the type of the topic, or that have killed the processes that handled them. Futures fail with a
 * {@link DurableTopicException}. Thread-safe.
 *
 * @param <T> the type of the payload
 */
public interface DeadLetters<T> {

    /**
     * Lists the oldest ones. They are read at once, with their events: where those are large, ask for few.
     *
     * @param limit how many at most, 1 to 1,000
     * @return them, oldest first
     * @throws IllegalArgumentException if the limit is out of range
     */
    CompletableFuture<List<DeadLetter<T>>> list(int limit);

    /**
     * Lists those after one, for the next page.
     *
     * @param after the id of the last one of the page before
     * @param limit how many at most, 1 to 1,000
     * @return them, oldest first
     * @throws IllegalArgumentException if the limit is out of range
     */
    CompletableFuture<List<DeadLetter<T>>> list(Position after, int limit);

    /**
     * Has one delivered to its group again, at the end of the log and with all its retries. Other groups do not get it.
     *
     * @param id which one
     * @return completes with false if there is none with that id
     */
    @CanIgnoreReturnValue
    CompletableFuture<Boolean> redeliver(Position id);

    /**
     * Has all those delivered again that there are now.
     *
     * @return how many
     */
    @CanIgnoreReturnValue
    CompletableFuture<Long> redeliverAll();

    /**
     * Removes one for good.
     *
     * @param id which one
     * @return completes with false if there is none with that id
     */
    @CanIgnoreReturnValue
    CompletableFuture<Boolean> discard(Position id);
}
