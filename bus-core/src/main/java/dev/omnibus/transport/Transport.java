package dev.omnibus.transport;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * The service provider interface between the bus and what it runs on: carries frames between processes by channel name,
 * and keeps leases, entries that expire unless they are renewed.
 *
 * <p>A transport knows names and bytes; it does not read a frame. It delivers at most once, to those that are
 * subscribed at that moment, and keeps the order of two frames on one channel if the first was completed before the
 * second was published, or if both were published by {@link #together} and the first was not
 * {@linkplain Publication.Outcome#delayed delayed}. Everything better than that is made above it.
 *
 * <p>Futures fail with a {@link TransportException} only. They may complete on the transport's own thread: dependents
 * must neither block nor throw. That thread is an {@link NonBlockingThread}, so that what would wait there is refused.
 * Thread-safe.
 */
public interface Transport extends AutoCloseable {

    /**
     * Sends frames, in one write where the transport can. Each publication gets its own outcome; none of them makes
     * this method throw.
     *
     * @param publications what to send; different channels, or the order within one channel is not kept
     */
    void publish(List<Publication> publications);

    /**
     * The route of a channel: those that have the same one share a server, and what is sent on one of them may have to
     * wait for the others. What waits is bounded for each route, so that a server that does not answer holds up no
     * other. Asked often, so it must be quick; it may change, for instance when a channel moves to another server.
     *
     * @param channel the exact name
     * @return equal for channels that share a server; this transport itself if there is only one server for all. By
     *     default each channel has a route of its own
     */
    default Object route(String channel) {
        return channel;
    }

    /**
     * Whether an outcome of zero receivers is exact: neither a subscriber nor a pattern subscriber has received it.
     *
     * @return false by default, and wherever some receivers may be at another server
     */
    default boolean countsEveryone() {
        return false;
    }

    /**
     * Says which channels no pattern needs to match, so that they may be sharded: what is published on one is at one
     * server of a cluster, which has all its subscribers, and not copied to the others. Then all who use that channel
     * must have said so. To be called once, before anything is published or subscribed.
     *
     * @param channels whether a channel, by its exact name, is one of those
     * @return whether they are sharded here; false by default, and with a single server, which has everything
     */
    default boolean shard(Predicate<String> channels) {
        return false;
    }

    /**
     * Subscribes to one channel. A channel has at most one listener per transport.
     *
     * @param channel the exact name
     * @param listener called on the transport's thread, one frame at a time and in order per channel
     * @return completes when the subscription is confirmed: what is published after that is received. Fails at once if
     *     the server refuses it. Once confirmed it is kept, also over lost connections and refusals, until it is ended
     * @throws IllegalStateException if this transport is already subscribed to the channel
     */
    CompletableFuture<Void> subscribe(String channel, FrameListener listener);

    /**
     * Subscribes to all channels that match a glob-style pattern as Redis defines it for PSUBSCRIBE.
     *
     * @param glob the pattern
     * @param listener called on the transport's thread, one frame at a time and in order per channel
     * @return completes when the subscription is confirmed
     * @throws IllegalStateException if this transport is already subscribed to the pattern
     * @see <a href="https://redis.io/docs/latest/commands/psubscribe/">PSUBSCRIBE</a>
     */
    CompletableFuture<Void> subscribePattern(String glob, FrameListener listener);

    /**
     * Ends a subscription. Nothing happens if there is none.
     *
     * @param channelOrGlob the name given when it was subscribed
     * @return completes when the transport has ended it; until then a frame may still arrive
     */
    CompletableFuture<Void> unsubscribe(String channelOrGlob);

    /**
     * Throws away the connection and makes a new one with the same subscriptions. For a connection that is dead without
     * being closed. While one reconnect is under way, further calls join it, unless its future was cancelled: then the
     * next call begins anew, and the one before gives way.
     *
     * @return completes when the new connection stands and every subscription was tried on it; those that were refused
     *     are tried again until they stand, and their listeners are notified then. Fails if no connection can be made,
     *     and may then be tried again
     */
    CompletableFuture<Void> reconnect();

    /**
     * Reconnects if that is still wanted when it begins. Where many transports of a process reconnect at the same time,
     * they may take turns, because connecting costs what the connections are short of.
     *
     * @param stillWanted asked, on any thread, until it begins; if not, the connection stays as it is and the future is
     *     cancelled
     * @return as of {@link #reconnect()}
     */
    default CompletableFuture<Void> reconnect(BooleanSupplier stillWanted) {
        return reconnect();
    }

    /**
     * Whether a connection stands by which something can be sent. What is sent without one may still make one.
     *
     * @return false if it is certain that none stands
     */
    default boolean canSend() {
        return true;
    }

    /**
     * Names the connections after the node that they belong to, as the server's list of clients shows it. Where the
     * server does not allow that, they have no name.
     *
     * @param node the node id
     */
    default void name(String node) {}

    /**
     * How much has arrived so far on the connection on which a channel is subscribed. Whatever it was: if the number
     * has changed, that connection is alive, however long what is awaited may still be on its way.
     *
     * @param channel the exact name
     * @return a number that changes with every byte; one that never does where that is not known
     */
    default long arrivedBeside(String channel) {
        return 0;
    }

    /**
     * Opens connections of their own to lists of messages, for adapters. May block while it connects. It connects anew
     * when this transport does; what is asked while there is no connection fails at once.
     *
     * @return open queues; to be closed before this transport is
     * @throws TransportException if the server refuses the connection
     * @throws IllegalStateException on the thread of a transport, which must not wait
     * @throws UnsupportedOperationException if this transport has no lists; only Redis does
     */
    default Queues queues() {
        throw new UnsupportedOperationException("This transport has no lists; connect the bus to Redis");
    }

    /**
     * Opens a connection of its own to read streams by, unless there is one; they are appended to by the one of this
     * transport. May block while it connects. It connects anew when this transport does; what is asked while there is
     * no connection fails at once.
     *
     * @return open streams; to be closed before this transport is
     * @throws TransportException if the server refuses the connection
     * @throws IllegalStateException on the thread of a transport, which must not wait
     * @throws UnsupportedOperationException if this transport has no streams
     */
    default Streams streams() {
        throw new UnsupportedOperationException("This transport has no streams; connect the bus to Redis");
    }

    /**
     * Opens queues of calls, which share the connection by which streams are read. May block while it connects.
     *
     * @return open queues; to be closed before this transport is
     * @throws TransportException if the server refuses the connection
     * @throws IllegalStateException on the thread of a transport, which must not wait
     * @throws UnsupportedOperationException if this transport has no queues of calls
     */
    default CallQueues callQueues() {
        throw new UnsupportedOperationException("This transport has no queues of calls; connect the bus to Redis");
    }

    /**
     * Writes or renews an entry that vanishes by itself unless renewed.
     *
     * @param index the name under which such entries are listed
     * @param key the entry's own name, unique; in a cluster of Redis in the same slot as the index
     * @param value its value; not to be changed afterwards. The same value again is cheaper than another one
     * @param ttl how long it stands; at least a millisecond
     * @return completes with the version of the index when it is written; fails if it is larger than
     *     {@link LeaseUpdate#MAX_VALUE_BYTES}
     */
    CompletableFuture<Long> renewLease(String index, String key, byte[] value, Duration ttl);

    /**
     * Removes an entry at once.
     *
     * @param index the name under which it is listed
     * @param key the entry's own name
     * @return completes when it is gone
     */
    CompletableFuture<Void> endLease(String index, String key);

    /**
     * Reads the entries that stand, unless nothing has changed.
     *
     * @param index the name under which they are listed
     * @param since the version that the reader knows; 0 if none
     * @return what has changed since then
     */
    CompletableFuture<LeaseUpdate> leases(String index, long since);

    /**
     * Runs something that sends several things, so that they can go in one write: each write wakes the server up, which
     * costs it more than what it is asked.
     *
     * @param sending runs on the transport's own thread, or at once on this one; must neither block nor throw
     */
    default void together(Runnable sending) {
        sending.run();
    }

    /**
     * Runs something that sends as {@link #together} does, but later: after a fraction of a millisecond, as precisely
     * as the transport's thread can wait. Perhaps not at all, if the transport is closed by then, or cannot do it, as
     * by default: then what would be sent goes with the next answer.
     *
     * @param nanos how much later
     * @param sending runs on the transport's own thread; must neither block nor throw
     */
    default void later(long nanos, Runnable sending) {}

    /**
     * A hint, on the transport's own thread: a single message has arrived, as did those before it, so there may be
     * something to send, or something else may arrive, in a moment. A transport may keep its thread awake for that
     * long, because waking it takes longer.
     */
    default void stayAwake() {}

    /** Ends everything. Publications under way fail with an unknown outcome. Idempotent. */
    @Override
    void close();
}
