package dev.omnibus.transport;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Queues of calls on the server: a call waits in the queue of its method until a node takes it, and its answer is kept
 * for a while. What queued calls are made of.
 *
 * <p>A call that was taken is the node's, and has begun. It ends with one answer: that of the node; or, if the lease of
 * the node ends before, one that the server writes itself. An idempotent call is given to another node then, as a
 * suspect, until {@link #MAX_DEATHS} nodes have died with it. A node takes one suspect at a time, so that what is begun
 * beside a call that kills its node is not blamed for it.
 *
 * <p>A server that takes over may have forgotten the last moments, and with them who has what. So when the first node
 * renews its lease there, the queue rests for as long as a lease: nobody takes anything, nothing expires, and nodes
 * claim what they have. The queue knows the server by the history of its replication; a user who may not ask for that
 * does without. That history also changes where a slot of a cluster moves, and where a server gets its first replica,
 * or has had none for an hour.
 *
 * <p>Answers are responses of JSON-RPC. Those that the server writes itself have the code -32001 if the call expired,
 * -32004 if it was cancelled before it was begun, -32006 if its node was lost and -32007 if it was begun too often.
 *
 * <p>Every operation is atomic, and compares times of the server's clock only. One without an answer may be repeated:
 * it does nothing twice. Futures fail with a {@link TransportException} only, and may complete on the transport's own
 * thread: dependents must neither block nor throw. Thread-safe.
 */
public interface CallQueues extends AutoCloseable {

    /** How many nodes may die with an idempotent call until that is its end. */
    int MAX_DEATHS = 3;

    /** How many calls an operation has at most. */
    int MAX_CALLS = 256;

    /**
     * Puts calls into the queue of their method. A call is known by its token: one that is known already is not put
     * there again, but notifies this asker as well.
     *
     * @param queue which
     * @param calls what; at most {@link #MAX_CALLS}
     * @return completes with what has become of each
     */
    CompletableFuture<List<Enqueued>> enqueue(QueueKeys queue, List<Call> calls);

    /**
     * A call to be queued.
     *
     * @param token by which it is known in its queue
     * @param request its bytes; not to be changed
     * @param expiry if it has not begun by then, it never does
     * @param delay how long it is not to be begun; expires that much later
     * @param retention how long its answer is kept
     * @param idempotent whether it may be begun again if its node was lost
     * @param digest of its arguments, if its token was chosen by the program; else empty. Then it is known until it
     *     expires at least
     * @param limit at most as many calls may be in the queue
     * @param asker the node whose inbox gets the answer
     */
    record Call(
            String token,
            byte[] request,
            Duration expiry,
            Duration delay,
            Duration retention,
            boolean idempotent,
            String digest,
            int limit,
            String asker) {}

    /** What has become of a call that was to be queued. */
    enum Enqueued {
        /** It is in the queue. */
        ADDED,
        /** It was known before, and may have ended. */
        KNOWN,
        /** Nothing was done: too many are in the queue. */
        FULL,
        /** Nothing was done: its token is known with other arguments. */
        OTHER_ARGUMENTS,
        /** Nothing was done: somebody has written something else under its key. */
        SPOILT
    }

    /**
     * A node that takes calls.
     *
     * @param queue the queue
     * @param node its id; not {@link Streams#NOBODY}
     */
    record Server(QueueKeys queue, String node) {}

    /**
     * Renews a node's lease, and ends or frees what nodes had that are gone: to be called well within each lease, and
     * before the first {@link #turn}. Moves into the queue what is due.
     *
     * @param server who
     * @param lease how long it stands from now on
     * @return completes with what there is to know
     */
    CompletableFuture<Renewed> renew(Server server, Duration lease);

    /**
     * What a node learns when it renews its lease.
     *
     * @param wasGone whether its lease had ended, so that others may have ended what it had taken
     * @param cancelled the tokens of calls of this node that are to be cancelled; said once
     * @param held how many calls this node has
     * @param waiting whether there are calls that nobody has
     * @param suspects whether some of those are suspects: calls whose nodes were lost
     * @param moreDue whether more is to be moved into the queue at once, as it is due
     * @param takeover not 0 if nodes are to {@link #claim} what they have, as the server may have forgotten that:
     *     another one has taken over, or it was started again. For a lease nobody takes anything from there; claims are
     *     asked for until one more has passed. Another number for each takeover
     * @param rest for how long nothing comes up without a notice: zero while there are calls in the queue, else until
     *     the first delayed one is due. So long a node that has none of its calls need not renew its lease
     */
    record Renewed(
            boolean wasGone,
            List<String> cancelled,
            long held,
            boolean waiting,
            boolean suspects,
            boolean moreDue,
            long takeover,
            Duration rest) {}

    /**
     * Says that a node has calls, in case the server has forgotten it: whoever comes upon one of them, leaves it to
     * that node. What has ended, or is another node's, stays as it is.
     *
     * @param server who
     * @param tokens by which the calls are known; at most {@link #MAX_CALLS}
     * @return completes when that is written down
     */
    CompletableFuture<Void> claim(Server server, List<String> tokens);

    /**
     * Gives the answers of calls, and takes others, in one step. A node without a lease takes none.
     *
     * @param server who
     * @param answers what has ended; at most {@link #MAX_CALLS}
     * @param count how many calls to take at most; perhaps 0
     * @param suspect whether one of them may be a suspect
     * @return completes with what was taken. If that is lost, the calls are this node's all the same: see {@link #held}
     */
    CompletableFuture<Turn> turn(Server server, List<Answer> answers, int count, boolean suspect);

    /**
     * The answer of a call.
     *
     * @param entry its place in the queue
     * @param token by which it is known
     * @param response the bytes; not to be changed
     */
    record Answer(StreamId entry, String token, byte[] response) {}

    /**
     * What came of a turn.
     *
     * @param late the tokens of those whose answers do not count: they had another end before, or another node has them
     * @param calls what was taken
     * @param more whether there may be more to take; false while the queue rests
     * @param dropped how many entries were removed that were no calls
     * @param lapsed whether nothing was taken because the node has to {@link #renew} its lease before: it has none, or
     *     another server has taken over
     */
    record Turn(List<String> late, List<Taken> calls, boolean more, int dropped, boolean lapsed) {}

    /**
     * A call that was taken.
     *
     * @param entry its place in the queue
     * @param token by which it is known
     * @param request its bytes
     * @param millisLeft until it expires
     * @param deaths how many nodes were lost that had it before
     */
    record Taken(StreamId entry, String token, byte[] request, long millisLeft, int deaths) {}

    /**
     * Reads what a node has, and changes nothing.
     *
     * @param server who
     * @param after the place before the first one
     * @param count how many at most; fewer where they are large
     * @return completes with them in order; none if there are no more
     */
    CompletableFuture<List<Taken>> held(Server server, StreamId after, int count);

    /**
     * Gives calls back that this node has taken and not begun, for any node to take.
     *
     * @param server who
     * @param entries their places; at most {@link #MAX_CALLS}
     * @return completes when that is done
     */
    CompletableFuture<Void> release(Server server, List<StreamId> entries);

    /**
     * Ends a node's lease. What it still has is lost.
     *
     * @param server who
     * @return completes when that is done
     */
    CompletableFuture<Void> leave(Server server);

    /**
     * Cancels a call. One that waits ends; the node that has begun one is asked to, with its next {@link #renew}, of
     * which it is notified.
     *
     * @param queue which
     * @param token by which the call is known
     * @return completes with what was done
     */
    CompletableFuture<Cancelled> cancel(QueueKeys queue, String token);

    /** What was done about a call that was to be cancelled. */
    enum Cancelled {
        /** It was waiting, and that is its end. */
        REMOVED,
        /** Its node is asked. */
        ASKED,
        /** It had ended. */
        ENDED,
        /** Nobody knows it. */
        UNKNOWN
    }

    /**
     * Reads how calls have ended. One that has expired ends by this, unless the queue rests or a node claims it; and
     * one whose node is gone, if its lease had ended the time before as well, and that was ten seconds ago. Of those
     * that have not ended, the answer will go to the asker's inbox as well.
     *
     * @param queue which
     * @param tokens by which the calls are known; at most {@link #MAX_CALLS}
     * @param asker the node that wants to know
     * @return completes with what is known of each
     */
    CompletableFuture<List<Found>> find(QueueKeys queue, List<String> tokens, String asker);

    /**
     * What is known of a call.
     *
     * @param known false if nothing is: it never was in the queue, or its answer was kept for long enough
     * @param response its answer; null if it has none yet
     */
    record Found(boolean known, byte @Nullable [] response) {}

    /**
     * Asks the server that has a queue how well it keeps what it is given, as far as this user may know.
     *
     * @param queue which
     * @return completes with what it says
     */
    CompletableFuture<StreamServer> server(QueueKeys queue);

    /** Lets go of the connection. What is under way fails, unless others use it as well. Idempotent. */
    @Override
    void close();
}
