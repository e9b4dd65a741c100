package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.Receiver;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcEnvelopeCache;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A correlation table: everything of this process that waits for a reply, by a random id. No id can be guessed: a node
 * replies to whatever inbox and id a request names, so a process that knew the id of another one's call could have a
 * node that it may call reply to it.
 *
 * <p>An entry can end by a reply, its deadline, the loss of its node, the loss of the connection, the caller, or the
 * end of the client. Each of these first removes the entry from the table, and only the one that succeeds may complete
 * it. So there is one outcome, and nothing else to lock. A broadcast is the exception: it takes many replies, and
 * removes itself when it is complete.
 *
 * <p>Deadlines are found by scanning the table every few milliseconds, which costs a call nothing when it begins and
 * nothing when it ends; when nothing has been awaited for a while, that pauses until the next call. Replies are read
 * where they arrive, without decoding their values. Threads that wait are woken from there; futures are completed
 * through a mailbox of as many threads as it takes, so that a callback of the program does not hold up other calls.
 */
public final class PendingCalls implements Receiver {

    /** A call ends at its deadline or up to this much later, a little more on a busy machine. */
    public static final long EXPIRY_MILLIS = 20;

    /**
     * Replies that were sent while the inbox was interrupted are lost, and which those were is not known. A reply that
     * was only slow has come by then.
     */
    static final Duration GRACE = Duration.ofMillis(500);

    /**
     * After a reconnect, subscriptions and leases of other nodes are restored one by one: until then they seem to be
     * missing.
     */
    private static final long RECONNECT_NANOS = TimeUnit.SECONDS.toNanos(3);

    /** How long a call that found no node waits before it tries again during a reconnect. */
    public static final long RECONNECT_POLL_MILLIS = 50;

    private static final int MAX_PENDING = 65_536;

    /** Scans of an empty table, until they pause. */
    private static final int IDLE_TICKS = 50;

    /** Room for every reply that can be awaited, and for some duplicates. */
    private static final Mailbox.Limits ARRIVALS = new Mailbox.Limits(2 * MAX_PENDING, 256L * 1024 * 1024);

    private static final Logger LOG = LoggerFactory.getLogger(PendingCalls.class);

    /** An entry of the table: what waits for replies under an id of its own. */
    public interface Entry {

        /** The end of its wait, by {@link System#nanoTime()}. */
        long deadline();

        /** Whether one reply ends it. */
        boolean endsWithOneReply();

        /**
         * Whether a reply comes from a node that has the request, and for the first time. Called on the thread that
         * reads the inbox.
         */
        boolean accepts(RpcCodec.Response reply);

        /** Whether a thread only waits for the result, and decodes it itself. Then {@link #onReply} never blocks. */
        default boolean isAwaited() {
            return false;
        }

        /** Takes a reply. If one reply ends it, this is called at most once. */
        void onReply(RpcCodec.Response reply);

        /** Whether it was sent before this interruption of the inbox, so that its reply may be lost. */
        boolean askedBefore(int interruption);

        /** A node is lost; true if that ends the entry. */
        boolean onLost(String node);

        /** Ends it without a reply, after it was removed from the table. Called at most once. */
        void onEnd(Reason reason, String why);
    }

    private record Arrived(Entry entry, RpcCodec.Response reply, int size) {}

    /** An interruption of the inbox: what was sent before it and has no reply by then fails. */
    private record Interruption(int number, long until) {}

    private final Map<Long, Entry> table = new ConcurrentHashMap<>();
    private final RandomIds ids = new RandomIds();
    private final String keySecret = RpcCodec.OWN_KEY + ids.next();
    private final AtomicInteger interruptions = new AtomicInteger();
    private final Queue<Interruption> recentInterruptions = new ConcurrentLinkedQueue<>();
    private final Channels channels;
    private final RpcCodec codec;
    private final Executor executor;
    private final Runnable onTick;
    private final Object lock = new Object();
    private @Nullable Future<?> ticks; // guarded by the lock, like the next one; null while nothing is awaited
    private int idle; // ticks in a row
    private volatile boolean ticking; // written under the lock
    private final QueuedCalls queued;
    private final Mailbox<Arrived> arrivals;
    private final RpcEnvelopeCache envelopes; // confined to the reader of the inbox
    private volatile long interruptedAt = System.nanoTime() - RECONNECT_NANOS;
    private volatile boolean closed;

    /**
     * Creates an empty table.
     *
     * @param queued gets the answers of queued calls, which have a table of their own
     * @param onTick runs with each scan for deadlines, while there are any
     */
    public PendingCalls(BusRuntime bus, RpcCodec codec, QueuedCalls queued, Runnable onTick) {
        this.onTick = onTick;
        this.queued = queued;
        this.channels = bus.channels();
        this.codec = codec;
        this.envelopes = codec.envelopeCache();
        this.executor = new CallerRunsExecutor(bus.channels().executor());
        this.arrivals = new Mailbox<>(
                executor, channels::later, MAX_PENDING, ARRIVALS, Arrived::size, (arrived, next) -> complete(arrived));
    }

    /**
     * Adds an entry, before anything is sent.
     *
     * @throws RpcException if the table is full, or the client closed
     */
    public long add(Entry entry, String method) {
        if (table.size() >= MAX_PENDING) {
            throw RpcFailures.of(
                    Reason.OVERLOADED,
                    true,
                    method,
                    "",
                    Duration.ZERO,
                    MAX_PENDING + " calls of this process wait for their replies already",
                    null);
        }
        long id = ids.next();
        while (table.putIfAbsent(id, entry) != null) {
            id = ids.next();
        }
        if (closed && remove(id)) { // by a close that did not see it
            throw RpcFailures.of(Reason.CLOSED, true, method, "", Duration.ZERO, "the client is closed", null);
        }
        if (!ticking) {
            beginTicking(id);
        }
        return id;
    }

    private void beginTicking(long id) {
        boolean begun = false;
        try {
            synchronized (lock) {
                idle = 0;
                if (ticks == null && !closed) {
                    ticks = channels.every(Duration.ofMillis(EXPIRY_MILLIS), this::tick);
                }
                ticking = true;
            }
            begun = true;
        } finally {
            if (!begun) { // for lack of memory, perhaps: nothing would end it
                remove(id);
            }
        }
    }

    private void tick() {
        expire();
        onTick.run();
        synchronized (lock) {
            idle = isIdle() ? idle + 1 : 0;
            if (idle < IDLE_TICKS) {
                return;
            }
            ticking = false;
            if (isIdle()) { // else something was added that has not seen it
                endTicking();
            } else {
                ticking = true;
            }
        }
    }

    /** Whether deadlines are checked. */
    boolean isTicking() {
        return ticking;
    }

    private boolean isIdle() {
        return table.isEmpty() && recentInterruptions.isEmpty();
    }

    private void endTicking() {
        if (ticks != null) {
            ticks.cancel(false);
            ticks = null;
        }
    }

    /** A key for a call that has none of its program. It cannot be guessed either. */
    String newKey() {
        return RpcCodec.OWN_KEY + ids.next();
    }

    /** The key as it is sent. It is valid for this process only, so others need not be able to guess it. */
    String keyOnWire(String key) {
        return key.isEmpty() ? key : key + keySecret;
    }

    /** Removes an entry. The caller that gets true decides how it ends. */
    public boolean remove(long id) {
        return table.remove(id) != null;
    }

    /** Whether an entry is still in the table. */
    public boolean contains(long id) {
        return table.containsKey(id);
    }

    public int size() {
        return table.size();
    }

    @Override
    public boolean isDirect() {
        return true;
    }

    @Override
    public void receive(String channel, List<Message> messages, Executor next) {
        for (Message message : messages) {
            try {
                if (RpcCodec.isQueuedReply(message)) {
                    queued.receive(message);
                    continue;
                }
                RpcCodec.Response reply = codec.readResponse(message, envelopes);
                Entry entry = table.get(reply.id());
                if (entry == null || !entry.accepts(reply)) {
                    LOG.debug("Dropped a reply to call {} from {}: late, or not asked for", reply.id(), reply.from());
                    continue;
                }
                if (reply.code() == RpcCodec.UNREADABLE) { // its call fails as well
                    channels.reportBad(channel, "A reply cannot be read: " + reply.message());
                }
                Arrived arrived = new Arrived(entry, reply, message.length());
                if (entry.isAwaited() && reply.result() != null) {
                    complete(arrived); // which only wakes the waiting thread
                } else if (!arrivals.offer(arrived, next)) {
                    channels.reportBad(channel, "A reply was dropped: too many wait to be completed");
                }
            } catch (IOException e) {
                channels.reportBad(channel, "A reply was dropped: " + e.getMessage());
            } catch (RuntimeException | Error e) { // a defect of ours, which must not hold up the next messages
                channels.reportBroken(channel, e);
            }
        }
    }

    /** Completes an entry. Until here anything else can still end it, however long the reply has waited. */
    private void complete(Arrived arrived) {
        if (arrived.entry().deadline() - System.nanoTime() <= 0) {
            LOG.debug(
                    "Dropped a reply to call {}: its deadline has passed",
                    arrived.reply().id());
            return; // after a pause of this process; expire() ends the call
        }
        if (!arrived.entry().endsWithOneReply() || remove(arrived.reply().id())) {
            arrived.entry().onReply(arrived.reply());
        }
    }

    /** The inbox was interrupted, or still is. */
    @Override
    public void interrupted() {
        onDisconnected();
        queued.interrupted();
        int number = interruptions.incrementAndGet();
        if (!table.isEmpty()) { // what is added from here on was sent after it
            recentInterruptions.add(new Interruption(number, System.nanoTime() + GRACE.toNanos()));
        }
    }

    /** Notes that there is no connection right now. */
    public void onDisconnected() {
        interruptedAt = System.nanoTime();
    }

    /**
     * Whether the connection was interrupted so recently that other nodes may still come back, and there is time to
     * wait for them.
     */
    public boolean isReconnecting(long deadline) {
        long now = System.nanoTime();
        return now - interruptedAt < RECONNECT_NANOS && now + 2 * RECONNECT_POLL_MILLIS * 1_000_000 - deadline < 0;
    }

    /** The number of interruptions of the inbox so far. */
    public int interruptions() {
        return interruptions.get();
    }

    public void expire() {
        long now = System.nanoTime();
        end(entry -> entry.deadline() - now <= 0, Reason.TIMEOUT, "no answer came within the timeout");
        Interruption oldest = recentInterruptions.peek();
        while (oldest != null && oldest.until() - now <= 0) {
            int number = oldest.number();
            String why = "the connection to Redis was lost while the answer was awaited";
            end(entry -> entry.askedBefore(number), Reason.CONNECTION_LOST, why);
            recentInterruptions.remove(oldest);
            oldest = recentInterruptions.peek();
        }
    }

    public void onNodeLost(String node) {
        end(entry -> entry.onLost(node), Reason.NODE_LOST, "the node left or died");
    }

    public void close() {
        closed = true;
        synchronized (lock) {
            endTicking();
        }
        end(entry -> true, Reason.CLOSED, "the client was closed");
    }

    private void end(Predicate<Entry> which, Reason reason, String why) {
        table.forEach((id, entry) -> {
            if (which.test(entry)) {
                Runnable end = () ->
                        entry.onEnd(reason, why); // created before the entry is removed, as there may be no memory
                if (remove(id)) {
                    executor.execute(end); // it may lead to code that blocks
                }
            }
        });
    }
}
