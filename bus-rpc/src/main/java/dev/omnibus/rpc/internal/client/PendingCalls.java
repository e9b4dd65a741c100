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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything of this process that waits for a reply, by id. Nobody can guess an id: a node answers to whatever inbox
 * and id a request names, so whoever knew another one's id could have a node that he may call answer in his place.
 *
 * <p>An entry has many rivals: the reply, the deadline, the loss of its node, the loss of the link, a caller who gives
 * up, the end of the client. Each of them first takes the entry out of the table, and only who succeeds may complete
 * it. So there is one outcome, and nothing else to lock. A broadcast is the exception: it takes many replies, and takes
 * itself out when it has seen enough.
 *
 * <p>Deadlines are found by looking through the table every few milliseconds, which costs a call nothing when it is
 * made and nothing when it ends. Replies are read where they arrive, without decoding their values. Threads that wait
 * are woken from there; futures are completed through a mailbox of as many threads as it takes, so that what a program
 * hangs on one of them does not hold up the others.
 */
public final class PendingCalls implements Receiver {

    /** A call ends by its deadline and this, or a little more on a machine that is busy. */
    public static final long EXPIRY_MILLIS = 20;

    /**
     * What was answered while the inbox was deaf is lost, and nobody can say which replies those were. One that was
     * only slow is here by then.
     */
    static final Duration GRACE = Duration.ofMillis(500);

    /**
     * When a connection is back, subscriptions and leases of others follow one by one: until then they seem not there.
     */
    private static final long RECONNECT_NANOS = TimeUnit.SECONDS.toNanos(3);

    /** How long what found nobody waits for them to be back, before it looks again. */
    public static final long RECONNECT_POLL_MILLIS = 50;

    private static final int MAX_PENDING = 65_536;

    /** Room for every reply that can be awaited, and some doubled ones. */
    private static final Mailbox.Limits ARRIVALS = new Mailbox.Limits(2 * MAX_PENDING, 256L * 1024 * 1024);

    private static final Logger LOG = LoggerFactory.getLogger(PendingCalls.class);

    /** Something that waits for replies under an id of its own. */
    public interface Entry {

        /** When it stops waiting, by {@link System#nanoTime()}. */
        long deadline();

        /** Whether one reply ends it. */
        boolean endsWithOneReply();

        /** Whether a reply is of a node that was asked, and not a second one. Called on the inbox' own thread. */
        boolean accepts(RpcCodec.Response reply);

        /**
         * Whether a thread does nothing but wait for the result, and reads it itself. Then {@link #onReply} never
         * waits.
         */
        default boolean isAwaited() {
            return false;
        }

        /** A reply has come. If one reply ends it, this is called at most once. */
        void onReply(RpcCodec.Response reply);

        /**
         * Whether it was asked before the inbox was interrupted for that time, so that its reply may have been missed.
         */
        boolean askedBefore(int interruption);

        /** A node is gone; true if that ends it. */
        boolean onLost(String node);

        /** It was taken out of the table and ends for this reason, at the caller's side. Called at most once. */
        void onEnd(Reason reason, String why);
    }

    private record Arrived(Entry entry, RpcCodec.Response reply, int size) {}

    /** What was asked before the inbox was interrupted for that time, and has no answer by then, fails. */
    private record Doubt(int interruption, long until) {}

    private final Map<Long, Entry> table = new ConcurrentHashMap<>();
    private final RandomIds ids = new RandomIds();
    private final String keySecret = RpcCodec.OWN_KEY + ids.next();
    private final AtomicInteger interruptions = new AtomicInteger();
    private final Queue<Doubt> doubts = new ConcurrentLinkedQueue<>();
    private final Channels channels;
    private final RpcCodec codec;
    private final Executor executor;
    private final Mailbox<Arrived> arrivals;
    private final RpcEnvelopeCache envelopes; // confined to the reader of the inbox
    private volatile long interruptedAt = System.nanoTime() - RECONNECT_NANOS;
    private volatile boolean closed;

    public PendingCalls(BusRuntime bus, RpcCodec codec) {
        this.channels = bus.channels();
        this.codec = codec;
        this.envelopes = codec.envelopeCache();
        this.executor = new CallerRunsExecutor(bus.channels().executor());
        this.arrivals = new Mailbox<>(
                executor, channels::later, MAX_PENDING, ARRIVALS, Arrived::size, (arrived, next) -> complete(arrived));
    }

    /**
     * Registers, before anything is sent.
     *
     * @throws RpcException if too many wait already, or none may wait any more
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
        if (closed && remove(id)) { // closed before it was seen there
            throw RpcFailures.of(Reason.CLOSED, true, method, "", Duration.ZERO, "the client is closed", null);
        }
        return id;
    }

    /** The key of a call that has none of its program's; nobody can guess it either. */
    String newKey() {
        return RpcCodec.OWN_KEY + ids.next();
    }

    /** How a key of the program's is sent. It counts for this process only, so others need not be able to guess it. */
    String keyOnWire(String key) {
        return key.isEmpty() ? key : key + keySecret;
    }

    /** Takes an entry out; whoever gets true decides how it ends. */
    public boolean remove(long id) {
        return table.remove(id) != null;
    }

    /** Whether an entry still waits. */
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
                RpcCodec.Response reply = codec.readResponse(message, envelopes);
                Entry entry = table.get(reply.id());
                if (entry == null || !entry.accepts(reply)) {
                    LOG.debug("Dropped a reply to call {} from {}: late, or not asked for", reply.id(), reply.from());
                    continue;
                }
                if (reply.code() == RpcCodec.UNREADABLE) { // and its call is told
                    channels.reportBad(channel, "A reply cannot be read: " + reply.message());
                }
                Arrived arrived = new Arrived(entry, reply, message.length());
                if (entry.isAwaited() && reply.result() != null) {
                    complete(arrived); // which only wakes the thread that waits
                } else if (!arrivals.offer(arrived, next)) {
                    channels.reportBad(channel, "A reply was dropped: too many wait to be completed");
                }
            } catch (IOException e) {
                channels.reportBad(channel, "A reply was dropped: " + e.getMessage());
            } catch (RuntimeException | Error e) { // of our own doing; the messages behind it are not to suffer
                channels.reportBroken(channel, e);
            }
        }
    }

    /** Until here the deadline and all other rivals can still end the call, however long its reply has waited. */
    private void complete(Arrived arrived) {
        if (arrived.entry().deadline() - System.nanoTime() <= 0) {
            LOG.debug(
                    "Dropped a reply to call {}: its deadline has passed",
                    arrived.reply().id());
            return; // after a pause of this process; to end the call is a matter of expire()
        }
        if (!arrived.entry().endsWithOneReply() || remove(arrived.reply().id())) {
            arrived.entry().onReply(arrived.reply());
        }
    }

    /** The inbox was deaf for a while, or still is. */
    @Override
    public void interrupted() {
        onDisconnected();
        doubts.add(new Doubt(interruptions.incrementAndGet(), System.nanoTime() + GRACE.toNanos()));
    }

    /** There was no connection just now. */
    public void onDisconnected() {
        interruptedAt = System.nanoTime();
    }

    /**
     * Whether the connection was interrupted so short a while ago that others may still be about to come back, and
     * there is time to wait for that.
     */
    public boolean isReconnecting(long deadline) {
        long now = System.nanoTime();
        return now - interruptedAt < RECONNECT_NANOS && now + 2 * RECONNECT_POLL_MILLIS * 1_000_000 - deadline < 0;
    }

    /** How often the inbox was interrupted so far. */
    public int interruptions() {
        return interruptions.get();
    }

    public void expire() {
        long now = System.nanoTime();
        end(entry -> entry.deadline() - now <= 0, Reason.TIMEOUT, "no answer came within the timeout");
        Doubt eldest = doubts.peek();
        while (eldest != null && eldest.until() - now <= 0) {
            int interruption = eldest.interruption();
            String why = "the link to Redis broke while the answer was awaited";
            end(entry -> entry.askedBefore(interruption), Reason.CONNECTION_LOST, why);
            doubts.remove();
            eldest = doubts.peek();
        }
    }

    public void onNodeLost(String node) {
        end(entry -> entry.onLost(node), Reason.NODE_LOST, "the node left or died");
    }

    public void close() {
        closed = true;
        end(entry -> true, Reason.CLOSED, "the client was closed");
    }

    private void end(Predicate<Entry> which, Reason reason, String why) {
        table.forEach((id, entry) -> {
            if (which.test(entry)) {
                Runnable end = () -> entry.onEnd(reason, why); // made before it is removed: there may be no memory
                if (remove(id)) {
                    executor.execute(end); // it may lead to code that blocks
                }
            }
        });
    }
}
