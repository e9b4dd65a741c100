package dev.omnibus.transport;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Message queues on lists of Redis: messages wait there until they are taken, on connections of their own. The bus
 * itself uses none: this is for adapters to protocols that do.
 *
 * <p>Futures fail with a {@link TransportException} only. They may complete on the transport's own thread: dependents
 * must neither block nor throw. A wait takes up a connection while it lasts; there are some dozens of them, and a wait
 * that finds none free is queued. Thread-safe.
 */
public interface Queues extends AutoCloseable {

    /**
     * Puts a message at the end of a list.
     *
     * @param list its name
     * @param message the bytes; not to be changed afterwards
     * @return completes when it is there
     */
    CompletableFuture<Void> push(String list, byte[] message);

    /**
     * Puts a message into a list that expires if it is not taken. A list that was there before keeps its expiry.
     *
     * @param list its name
     * @param message the bytes; not to be changed afterwards
     * @param ttl how long it stays
     * @return completes when it is there
     */
    CompletableFuture<Void> push(String list, byte[] message, Duration ttl);

    /**
     * Takes the first message out of a list.
     *
     * @param list its name
     * @param wait how long at most, rounded up to seconds
     * @return completes with the message; empty if none came. Cancelling it ends the wait
     */
    CompletableFuture<Optional<byte[]>> take(String list, Duration wait);

    /**
     * Moves the first message of a list to the end of another, where it stays if this process dies.
     *
     * @param list its name
     * @param to the other one; in a cluster of Redis in the same slot
     * @param wait how long at most, rounded up to seconds
     * @return completes with the message; empty if none came
     */
    CompletableFuture<Optional<byte[]>> move(String list, String to, Duration wait);

    /**
     * Moves the last message of a list to the front of another: takes one {@link #move} back.
     *
     * @param list where it is
     * @param to where it came from
     * @return completes with false if there was none
     */
    CompletableFuture<Boolean> moveBack(String list, String to);

    /**
     * Removes a message, once, wherever in the list it is.
     *
     * @param list its name
     * @param message the bytes
     * @return completes with false if it was not there; of several callers, one gets true
     */
    CompletableFuture<Boolean> remove(String list, byte[] message);

    /**
     * Reads a list.
     *
     * @param list its name
     * @return completes with all its messages
     */
    CompletableFuture<List<byte[]>> all(String list);

    /** Ends every wait and lets go of the connections. Idempotent. */
    @Override
    void close();
}
