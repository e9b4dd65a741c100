package dev.omnibus.rpc.internal.broadcast;

import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.Reply;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.Until;
import dev.omnibus.rpc.internal.client.CallFuture;
import dev.omnibus.rpc.internal.client.ClientRuntime;
import dev.omnibus.rpc.internal.client.PendingCalls;
import dev.omnibus.rpc.internal.client.ReplyBudget;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.rpc.internal.directory.NodeTable;
import dev.omnibus.rpc.internal.wire.Faults;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One question to all nodes that serve a method, and their tally.
 *
 * <p>Two things say who was asked, and both are frozen when the question is sent. The transport counts how many
 * received it: that decides when the answers are complete. The directory names who should have: that gives the missing
 * a name. The two may differ for a moment, when a node comes or dies just then:
 *
 * <ul>
 *   <li>As many answers as receivers: complete. Whoever is listed and has not answered did not receive it.
 *   <li>More receivers than names: a node is too new to be listed. It is awaited until it announces itself, for
 *       {@link ClientRuntime#PATIENCE} after all others; then it is asked again by its own channel, which does nothing
 *       if it has the question, and awaited like the others.
 *   <li>No trustworthy count: the names decide alone.
 * </ul>
 *
 * <p>An answer counts if its node was asked or is in the directory, and else when it gets there. An answer may come
 * before the count does. Guarded by its own lock; completed outside of it, once, by whoever takes the entry out of the
 * table.
 */
public final class ScatterGather<T> implements PendingCalls.Entry, ClientRuntime.Exchange<T> {

    private static final Logger LOG = LoggerFactory.getLogger(ScatterGather.class);

    private static final int MAX_ANSWERS = NodeTable.MAX_NODES + LateResponders.MAX_STRANGERS;

    private final ClientRuntime client;
    private final RemoteMethod remote;
    private final String method;
    private final byte[] params;
    private final byte[] headers;
    private final Until<? super T> until;
    private final @Nullable Notifications notifications;
    private final long started = System.nanoTime();
    private final long deadline;
    private final CallFuture<Replies<T>> future = new CallFuture<>(this::givenUp);
    private final LateResponders lateResponders;
    private final Set<String> answered = new HashSet<>(); // confined to the reader of the inbox
    private volatile long id;
    private volatile int interruptions; // of the inbox, before it was sent
    private volatile boolean sent;

    private volatile ReplyBudget.@Nullable Reservation reservation;

    private final ReplyTracker<T> tracker; // guarded by this, like all below
    private boolean awaitingUnnamed;
    private boolean unnamedGivenUp;

    /**
     * Prepares it.
     *
     * @param headers the caller's, as {@link RpcCodec#headerPart} wrote them
     * @param nanos how long it may take
     */
    public ScatterGather(
            ClientRuntime client,
            RemoteMethod method,
            byte[] params,
            byte[] headers,
            long nanos,
            Until<? super T> until,
            @Nullable Consumer<? super Reply<T>> onReply) {
        this.client = client;
        this.remote = method;
        this.method = method.name();
        this.params = params;
        this.headers = headers;
        this.until = until;
        this.deadline = started + nanos;
        this.tracker = new ReplyTracker<>(until);
        this.lateResponders = new LateResponders(client, this.method, this::known);
        this.notifications = onReply == null ? null : new Notifications(onReply);
    }

    @Override
    public CompletableFuture<Replies<T>> future() {
        return future;
    }

    private void givenUp() {
        if (client.pending().remove(id)) {
            release();
        }
    }

    /** Sends the question. Whoever has announced the method is known by then, or nobody has. */
    @Override
    public void start() {
        try {
            id = client.pending().add(this, method);
        } catch (RpcException e) {
            fail(e);
            return;
        }
        if (future.isDone()) { // given up before it began
            client.pending().remove(id);
        } else {
            find();
        }
    }

    private void find() {
        if (!client.pending().contains(id)) {
            return; // ended while it waited
        }
        if (client.directory().serving(method).isEmpty()) {
            client.directory().refresh().whenComplete((done, failure) -> {
                try {
                    refreshed(failure);
                } catch (RuntimeException | Error e) { // nobody else would hear of it, and it would have no end
                    client.pending().remove(id);
                    future.fail(e);
                }
            });
        } else {
            sendWithRoom();
        }
    }

    /** The replies all come at once: they must have room. */
    private void sendWithRoom() {
        ReplyBudget.Reservation mine = reservation;
        if (mine == null) {
            int nodes = client.directory().serving(method).size();
            ReplyBudget.Reservation made = client.replyBudget().reserve(method, nodes);
            future.whenComplete((replies, failure) -> made.end());
            reservation = made; // before it is sent, because replies may come before that has returned
            mine = made;
        }
        mine.whenRoom(this::send);
    }

    private void refreshed(@Nullable Throwable failure) {
        if (!client.directory().serving(method).isEmpty()) {
            sendWithRoom();
        } else if (failure == null && client.pending().isReconnecting(deadline)) {
            client.executeAfter(PendingCalls.RECONNECT_POLL_MILLIS, this::find);
        } else if (client.pending().remove(id)) {
            fail(nobody(failure));
        }
    }

    @Override
    public void fail(RpcException e) {
        future.fail(e);
    }

    private RpcException nobody(@Nullable Throwable failure) {
        return failure == null
                ? failure(Reason.NO_SERVER, true, "no node serves it; is a server for it running?", null)
                : RpcFailures.unreadable(failure, method, elapsed());
    }

    private void send() {
        synchronized (this) { // after the entry was made: from here on it is notified of a loss
            client.directory().serving(method).forEach(node -> tracker.ask(node.id()));
        }
        byte[] request = request();
        if (request == null) {
            return;
        }
        interruptions = client.pending().interruptions();
        sent = true; // before the check: who ends it from here on must not say that it was not sent
        if (client.pending().contains(id)) {
            client.channels().send(client.channels().names().method(method), request, ReceiverCount.ALL, new Receipt());
            if (future.isAbandoned()) { // perhaps between the two, and then they were notified before the question was
                // sent
                release();
            }
        }
    }

    /** Null if the deadline is about to end it. */
    private byte @Nullable [] request() {
        long ttl = (deadline - System.nanoTime()) / 1_000_000;
        return ttl < 1 ? null : client.codec().request(id, remote.part(), params, ttl, "", headers);
    }

    private final class Receipt implements SendCallback {

        @Override
        public boolean mayBlock() {
            return true; // it may complete the future
        }

        @Override
        public void sent(long count, boolean countIsExact) {
            boolean trusted = client.channels().countsTrusted();
            if (trusted && count == 0) {
                nobodyReceivedIt();
                return;
            }
            synchronized (ScatterGather.this) {
                if (trusted) {
                    tracker.counted(count, countIsExact);
                } else {
                    tracker.uncounted();
                }
            }
            endIfComplete();
        }

        @Override
        public void failed(TransportException failure) {
            if (failure.kind() == TransportException.Kind.CONNECTION_LOST) {
                client.pending().onDisconnected();
            }
            if (!failure.notSent()) {
                synchronized (ScatterGather.this) {
                    tracker.uncounted();
                }
                endIfComplete();
            } else if (client.pending().remove(id)) {
                fail(RpcFailures.notSent(failure, method, "", elapsed()));
            }
        }
    }

    /** Not counted: when it is asked again, because they are not back yet, it must not seem that nobody is awaited. */
    private void nobodyReceivedIt() {
        if (client.pending().isReconnecting(deadline)) {
            client.executeAfter(PendingCalls.RECONNECT_POLL_MILLIS, this::find);
        } else if (client.pending().remove(id)) {
            Set<String> listed;
            synchronized (this) {
                listed = tracker.asked();
            }
            String gone = "none of the nodes that serve it is there " + listed + "; is a server for it running?";
            fail(failure(Reason.NO_SERVER, true, gone, null));
        }
    }

    @Override
    public long deadline() {
        return deadline;
    }

    @Override
    public boolean endsWithOneReply() {
        return false;
    }

    /**
     * Also of a node that the directory does not know yet; but however many strangers have answered, they leave room
     * for those who are awaited. A later answer might overtake the first further on.
     */
    @Override
    public boolean accepts(RpcCodec.Response reply) {
        String from = reply.from();
        return (answered.size() < MAX_ANSWERS || !isStranger(from)) && answered.add(from);
    }

    private synchronized boolean isStranger(String node) {
        return !tracker.hasAsked(node) && !client.directory().knows(node);
    }

    @Override
    public void onReply(RpcCodec.Response reply) {
        if (!isStranger(reply.from())) {
            take(reply);
            endIfComplete();
        } else if (lateResponders.hold(reply)) {
            client.execute(this::followLateResponders);
        }
    }

    private void followLateResponders() {
        lateResponders.follow(() -> client.pending().contains(id));
    }

    /** The directory knows a node. */
    private void known(String node) {
        RpcCodec.Response held = lateResponders.release(node);
        if (held != null) {
            take(held);
            endIfComplete();
            return;
        }
        boolean serves = client.directory().serving(method, node) != null;
        boolean askItself;
        synchronized (this) {
            askItself = serves
                    && awaitingUnnamed
                    && client.pending().contains(id) // else it would not learn that the broadcast is over
                    && tracker.unnamed() > lateResponders.held()
                    && tracker.askLate(node);
        }
        byte[] request = askItself ? request() : null;
        if (request != null) {
            client.channels()
                    .send(
                            client.channels().names().method(method, node),
                            request,
                            ReceiverCount.NO,
                            SendCallback.UNNOTICED);
        }
    }

    private void take(RpcCodec.Response reply) {
        String from = reply.from();
        Duration latency = elapsed();
        Message value = reply.result();
        ReplyBudget.Reservation mine = reservation;
        if (mine != null && value != null) {
            mine.replied(reply.size());
        } else if (mine != null) {
            mine.failed(reply.size());
        }
        @Nullable T decoded = null;
        RpcException fault = value == null
                ? client.directory().drift().explained(reply, Faults.undeclared(client.codec(), reply, method, latency))
                : null;
        boolean counts = false;
        if (value != null) {
            try {
                @SuppressWarnings("unchecked") // the reader was made for this type
                T typed = (T) RpcCodec.decode(remote.result(), value);
                decoded = typed;
                counts = until.counts(typed);
            } catch (IOException e) {
                String why = RpcFailures.misfit(e, remote.result().getValueType())
                        + client.directory().drift().difference(method, from);
                fault = RpcFailures.of(Reason.BAD_REPLY, false, method, from, latency, why, null);
            } catch (Throwable e) { // of the program's own rule
                if (client.pending().remove(id)) {
                    release();
                    future.fail(e);
                }
                return;
            }
        }
        Reply<T> taken = new Reply<>(from, decoded, fault, latency);
        synchronized (this) {
            if (client.pending().contains(id) && tracker.add(taken, counts) && notifications != null) {
                notifications.add(taken);
            }
        }
        if (notifications != null) {
            notifications.run();
        }
    }

    @Override
    public boolean askedBefore(int interruption) {
        return sent && interruptions < interruption;
    }

    @Override
    public boolean onLost(String node) {
        boolean awaited;
        synchronized (this) {
            awaited = tracker.lose(node);
        }
        if (awaited) {
            client.execute(this::endIfComplete); // not here, where other calls wait to be notified of the same loss
        }
        return false;
    }

    /** Ends it if there is nothing more to wait for. */
    private void endIfComplete() {
        boolean waitForNames = false;
        ReplyTracker.State state;
        boolean givenUp;
        synchronized (this) {
            state = tracker.state();
            givenUp = unnamedGivenUp && state == ReplyTracker.State.UNNAMED_LEFT;
            if (state == ReplyTracker.State.UNNAMED_LEFT && !awaitingUnnamed) {
                awaitingUnnamed = true;
                waitForNames = true;
            }
        }
        if (state == ReplyTracker.State.DONE || givenUp) {
            end(Reason.NODE_LOST);
        } else if (waitForNames) {
            followLateResponders();
            client.channels().later(client.patience(), this::giveUpTheUnnamed);
        }
    }

    private void giveUpTheUnnamed() {
        synchronized (this) {
            unnamedGivenUp = true;
        }
        endIfComplete();
    }

    private void end(Reason reasonForTheRest) {
        if (client.pending().remove(id)) {
            finish(reasonForTheRest);
        }
    }

    @Override
    public void onEnd(Reason reason, String why) {
        if (sent) {
            finish(reason);
        } else {
            fail(failure(reason, true, why + "; it was not sent", null));
        }
    }

    private void finish(Reason reasonForTheRest) {
        try {
            release();
            Replies<T> replies;
            synchronized (this) {
                replies = tracker.end(method, reasonForTheRest, elapsed());
            }
            if (notifications == null) {
                future.succeed(replies);
            } else {
                notifications.end(() -> future.succeed(replies));
                notifications.run();
            }
        } catch (RuntimeException | Error e) { // nobody else would hear of it, and it would have no end
            future.fail(e);
            throw e;
        }
    }

    /** Nobody waits any more: whoever still works on it may stop. */
    private void release() {
        List<String> silent;
        synchronized (this) {
            silent = sent ? tracker.silent() : List.of();
        }
        lateResponders.forget();
        byte[] cancel = client.codec().cancel(id);
        for (String node : silent) {
            client.channels()
                    .send(
                            client.channels().names().method(method, node),
                            cancel,
                            ReceiverCount.NO,
                            SendCallback.UNNOTICED);
        }
    }

    private RpcException failure(Reason reason, boolean notExecuted, String why, @Nullable Throwable cause) {
        return RpcFailures.of(reason, notExecuted, method, "", elapsed(), why, cause);
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - started);
    }

    /**
     * What the listener is notified of: one reply at a time, in order, and the end after the last of them. What waits
     * is bounded by the number of nodes, because each answers once. Guarded by its own lock.
     */
    private final class Notifications {

        private final Consumer<? super Reply<T>> listener;
        private final Queue<Reply<T>> waiting = new ArrayDeque<>();
        private @Nullable Runnable end;
        private boolean running;

        Notifications(Consumer<? super Reply<T>> listener) {
            this.listener = listener;
        }

        /** Only queues, so that it may be called under a lock; {@link #run} does the rest. */
        synchronized void add(Reply<T> reply) {
            waiting.add(reply);
        }

        synchronized void end(Runnable action) {
            end = action;
        }

        void run() {
            synchronized (this) {
                if (running) {
                    return;
                }
                running = true;
            }
            client.execute(this::drain);
        }

        private void drain() {
            while (true) {
                Reply<T> reply;
                Runnable last;
                synchronized (this) {
                    reply = waiting.poll();
                    last = end;
                    if (reply == null) {
                        end = null;
                        running = false;
                    }
                }
                if (reply == null) {
                    if (last != null) {
                        last.run();
                    }
                    return;
                }
                try {
                    listener.accept(reply);
                } catch (Throwable e) { // the others are to be notified all the same
                    FailureLog.error(LOG, e, "A listener of replies failed on the one of node {}", reply.node());
                }
            }
        }
    }
}
