package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.internal.contract.RemoteMethod;
import dev.omnibus.rpc.internal.directory.NodeTable.Node;
import dev.omnibus.rpc.internal.directory.NodeTable.Serving;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcFailures;
import dev.omnibus.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A call state machine with retries: one attempt at a time, each to one node. If nobody received the request, or the
 * node is about to leave, nothing was executed, and the next attempt goes to another node at once. After other failures
 * there is another attempt only where that is allowed and can do no harm, after a pause, and while the client has
 * retries left.
 *
 * <p>There is one attempt at a time, so what attempts share needs no lock: each hands over to the next.
 */
public final class Call<T> extends CallObservation {

    private static final long MIN_PAUSE_MILLIS = 25;
    private static final long MAX_PAUSE_MILLIS = 1_000;
    private static final int MAX_DOUBLINGS = 6;

    private final byte[] params;
    private final CallFuture<T> future = new CallFuture<>(this::onAbandoned);
    private CallSettings options = CallSettings.DEFAULTS; // until it is prepared, like the next three and the key
    private long begun;
    private long deadline;
    private boolean idempotent;
    private volatile @Nullable Attempt current;
    private Set<String> excluded = Set.of();
    private String lastFailed = "";
    private @Nullable Node mayHaveAnswered; // when the connection broke; the key finds its answer there
    private ReplyBudget.@Nullable Reservation reservation;
    private List<Attempt> outstanding = List.of(); // attempts that ended here and may still run there
    private String key = "";
    private int retries;
    private int code; // of the error that was answered to the last of them
    private boolean mayHaveRun; // in an attempt before this one
    private boolean drained;

    /** One that is {@linkplain #prepare prepared} before it is started. */
    Call(ClientRuntime client, RemoteMethod method, byte[] params) {
        super(client, method);
        this.params = params;
    }

    /** Prepares it with what interceptors and observers have left of its options; it may take so long from now on. */
    void prepare(CallSettings settings, long nanos) {
        options = settings;
        begun = System.nanoTime();
        deadline = begun + nanos;
        idempotent = settings.idempotent() || method.traits().idempotent();
        key = client.pending().keyOnWire(settings.idempotencyKey());
    }

    public CallFuture<T> future() {
        return future;
    }

    /** The node of the current attempt, or of the last one; empty if no attempt has had one. */
    public String node() {
        Attempt last = current;
        Node at = last == null ? null : last.node();
        return at == null ? "" : at.id();
    }

    @Override
    public int code() {
        return code;
    }

    private void onAbandoned() {
        RpcException given = failure(Reason.CANCELLED, false, "the caller gave it up", null);
        client.failed(given);
        try {
            ended(given);
        } finally {
            Attempt last = current;
            if (last != null && last.take()) {
                cancel(last);
                cancelOutstanding();
            }
        }
    }

    /** Cancels every attempt that may still run. */
    private void cancelOutstanding() {
        outstanding.forEach(this::cancel);
        outstanding = List.of();
    }

    /** Cancels what may still run on other nodes. On the node of the next attempt, its key joins it to those before. */
    private void cancelElsewhere(Node kept) {
        for (Attempt before : outstanding) {
            if (before.node() != kept) {
                cancel(before);
            }
        }
        outstanding =
                outstanding.stream().filter(before -> before.node() == kept).toList();
    }

    /** Asks the node of an attempt to stop; no reply is awaited any more. */
    private void cancel(Attempt last) {
        Node at = last.node();
        if (at != null && !method.traits().oneWay()) {
            byte[] cancel = client.codec().cancel(last.id());
            client.channels().send(channel(at), cancel, ReceiverCount.NO, SendCallback.UNNOTICED);
        }
    }

    private String channel(Node at) {
        return at.channel(method.name(), client.channels().names());
    }

    /** Begins the first attempt. */
    public void start() {
        beginAttempt(0);
    }

    /**
     * Waits until there is room for a reply that may be large. An attempt that ends while it waits leaves its place to
     * the next one.
     */
    private void awaitRoom(Attempt next) {
        ReplyBudget.Reservation mine = reservation;
        if (mine == null) {
            if (!client.replyBudget().counts(method.name())) {
                findNode(next);
                return;
            }
            ReplyBudget.Reservation made = client.replyBudget().reserve(method.name(), 1);
            future.whenComplete((value, failure) -> made.end());
            reservation = made;
            mine = made;
        }
        mine.whenRoom(() -> {
            if (client.pending().contains(next.id())) {
                next.proceed(() -> findNode(next));
            }
        });
    }

    private void beginAttempt(long pauseMillis) {
        long until = deadline;
        if (options.attemptNanos() > 0) {
            long end = System.nanoTime() + pauseMillis * 1_000_000 + options.attemptNanos();
            until = end - deadline < 0 ? end : deadline;
        }
        code = 0;
        Attempt next = new Attempt(until);
        try {
            next.register();
        } catch (RpcException e) {
            fail(e);
            return;
        }
        current = next;
        if (future.isDone()) { // abandoned between two attempts
            next.take();
            cancelOutstanding();
        } else if (pauseMillis == 0) {
            awaitRoom(next);
        } else {
            client.executeAfter(pauseMillis, () -> next.proceed(() -> awaitRoom(next)));
        }
    }

    private void findNode(Attempt next) {
        Node chosen = choose();
        if (chosen != null) {
            send(next, chosen);
            return;
        }
        client.directory()
                .refresh()
                .whenComplete((done, failure) -> next.proceed(() -> onDirectoryRead(next, failure)));
    }

    private void onDirectoryRead(Attempt next, @Nullable Throwable failure) {
        Node found = choose();
        if (found != null) {
            send(next, found);
        } else if (next.take()) {
            if (failure == null && client.pending().isReconnecting(deadline)) {
                awaitReconnect();
            } else {
                retryOrFail(next, noServer(failure), 0);
            }
        }
    }

    /**
     * No node serves it because the connection was just interrupted, which decides nothing: tries again in a moment.
     */
    private void awaitReconnect() {
        excluded = Set.of();
        drained = false;
        beginAttempt(PendingCalls.RECONNECT_POLL_MILLIS);
    }

    private @Nullable Node choose() {
        if (!options.node().isEmpty()) {
            Node named = client.directory().serving(method.name(), options.node());
            return named == null || excluded.contains(named.id()) ? null : named;
        }
        Serving serving = client.directory().serving(method.name());
        Node again = mayHaveAnswered;
        return again != null && serving.contains(again) && !excluded.contains(again.id())
                ? again
                : LoadBalancer.choose(serving, options, excluded, lastFailed);
    }

    private RpcException noServer(@Nullable Throwable failure) {
        if (failure != null) {
            return RpcFailures.unreadable(failure, method.name(), elapsed());
        }
        if (drained) {
            return failure(Reason.DRAINING, true, "every node that serves it is about to leave " + excluded, null);
        }
        if (!options.node().isEmpty()) {
            String absent = "the node " + options.node() + " is not there, or does not serve it";
            return failure(Reason.NO_SERVER, true, absent, null);
        }
        String nobody =
                excluded.isEmpty() ? "no node serves it" : "none of the nodes that serve it is there " + excluded;
        return failure(Reason.NO_SERVER, true, nobody + "; is a server for it running?", null);
    }

    private void send(Attempt next, Node to) {
        long ttl = (next.deadline() - System.nanoTime()) / 1_000_000;
        if (ttl < 1) {
            return; // the deadline is about to end it
        }
        if (!outstanding.isEmpty()) {
            cancelElsewhere(to);
        }
        boolean oneWay = method.traits().oneWay();
        if (key.isEmpty() && (oneWay || (idempotent && options.retries(true) > 0))) {
            key = client.pending().newKey();
        }
        if (!next.assign(to)) { // from here on the next attempt may begin on another thread
            return; // something has ended it; nothing is executed
        }
        if (!client.directory().lists(to)) { // removed before this attempt could be notified of it
            if (next.take()) {
                tryElsewhere(to);
            }
            return;
        }
        sent(to.id());
        byte[] request =
                client.codec().request(oneWay ? 0 : next.id(), method.part(), params, ttl, key, options.headerPart());
        client.channels().send(channel(to), request, ReceiverCount.ANY, next);
        if (future.isAbandoned()) { // perhaps meanwhile, and then the cancellation was sent before the request
            cancel(next);
        }
    }

    /** Begins another attempt on another node; nothing was executed on this one, and nothing will be. */
    private void tryElsewhere(Node to) {
        if (excluded.isEmpty()) {
            excluded = new LinkedHashSet<>();
        }
        excluded.add(to.id());
        beginAttempt(0);
    }

    /** The request had no receiver. */
    void onNotReceived(Attempt last) {
        Node at = last.node();
        if (at != null) {
            if (!client.pending().isReconnecting(deadline)) {
                client.directory().suspect(at, method.name());
            }
            retried(code == RpcCodec.DRAINING ? Reason.DRAINING : Reason.NO_SERVER, null);
            tryElsewhere(at);
        }
    }

    /** The request was not sent, or it is not known whether it was. */
    void onNotSent(Attempt last, TransportException failure) {
        retryOrFail(last, RpcFailures.notSent(failure, method.name(), node(), elapsed()), 0);
    }

    /** A one-way call was received. */
    @SuppressWarnings("NullAway") // it gives nothing
    void onDelivered() {
        client.succeeded(method.name(), node(), begun);
        ended(null);
        future.succeed(null);
    }

    void fail(Throwable failure) {
        client.failed(failure);
        try {
            ended(failure);
        } finally {
            future.fail(failure);
        }
    }

    void onReplied(Attempt last, RpcCodec.Response reply) {
        Message value = reply.result();
        code = reply.code() == RpcCodec.UNREADABLE ? 0 : reply.code();
        client.replyBudget().observed(method.name(), reply.size(), value != null);
        if (value != null) {
            complete(value);
        } else if (reply.code() == RpcCodec.DRAINING) {
            drained = true;
            onNotReceived(last);
        } else {
            Throwable failure = method.faults().failure(reply, method.name(), elapsed());
            if (failure instanceof RpcException e && !(failure instanceof RpcFault)) {
                retryOrFail(last, client.directory().drift().explained(reply, e), reply.retryAfterMillis());
            } else {
                fail(failure);
            }
        }
    }

    private void complete(Message value) {
        if (future.isAwaited()) {
            future.completeUnread(() -> decoded(value));
            return;
        }
        T decoded;
        try {
            decoded = decoded(value);
        } catch (RpcException e) {
            future.fail(e);
            return;
        }
        future.succeed(decoded);
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // the reader was made for this type, which may have null
    private T decoded(Message value) {
        try {
            T decoded = (T) RpcCodec.decode(method.result(), value);
            client.succeeded(method.name(), node(), begun);
            ended(null);
            return decoded;
        } catch (IOException e) {
            String why = RpcFailures.misfit(e, method.result().getValueType())
                    + client.directory().drift().difference(method.name(), node());
            RpcException failure = failed(failure(Reason.BAD_REPLY, false, why, null));
            client.failed(failure);
            ended(failure);
            throw failure;
        }
    }

    /** The attempt ended without a reply. */
    void onEnded(Attempt last, Reason reason, String why) {
        boolean notSent = last.node() == null;
        if (!notSent && reason != Reason.NODE_LOST) {
            List<Attempt> more = new ArrayList<>(outstanding);
            more.add(last);
            outstanding = more;
        }
        String known = notSent ? "; it was not sent" : "; whether it was executed is not known";
        retryOrFail(last, failure(reason, notSent, why + known, null), 0);
    }

    /** Begins another attempt after a failure, or fails the call. */
    private void retryOrFail(Attempt last, RpcException failure, long retryAfterMillis) {
        int most = options.retries(idempotent);
        if (retries >= most || !mayRetry(failure)) {
            fail(failure);
            return;
        }
        long longest = Math.min(MAX_PAUSE_MILLIS, MIN_PAUSE_MILLIS << Math.min(retries, MAX_DOUBLINGS));
        long pause = retryAfterMillis + ThreadLocalRandom.current().nextLong(1, longest + 1);
        if (System.nanoTime() + pause * 1_000_000 - deadline >= 0) {
            fail(failure);
        } else if (!client.retryBudget().tryAcquire()) {
            fail(RpcFailures.withDetail(failure, "; not tried again, because too many calls of this process were"));
        } else {
            retries++;
            client.retried();
            retried(failure.reason(), failure);
            mayHaveRun |= !failure.notExecuted();
            Node at = last.node();
            boolean linkBroke = failure.reason() == Reason.CONNECTION_LOST;
            lastFailed = at == null || linkBroke ? "" : at.id();
            mayHaveAnswered = linkBroke ? at : null;
            excluded = Set.of();
            drained = false;
            beginAttempt(pause);
        }
    }

    private boolean mayRetry(RpcException failure) {
        return switch (failure.reason()) {
            case OVERLOADED, DRAINING, TIMEOUT, CONNECTION_LOST, NODE_LOST -> failure.notExecuted() || idempotent;
            default -> false;
        };
    }

    public void fail(RpcException e) {
        fail((Throwable) failed(e));
    }

    private RpcException failed(RpcException e) {
        if (options.idempotencyKey().isEmpty()) { // else the program may call again by its key, and get what runs
            cancelOutstanding();
        }
        return mayHaveRun ? RpcFailures.ofLastAttempt(e) : e;
    }

    private RpcException failure(Reason reason, boolean notExecuted, String why, @Nullable Throwable cause) {
        return RpcFailures.of(reason, notExecuted, method.name(), node(), elapsed(), why, cause);
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    /**
     * One attempt, with an entry of its own in the table of pending calls from before a node is chosen until its
     * outcome is known. So a deadline, a lost node or the end of the client finds the call at every step.
     *
     * <p>Only what removes the entry from the table may go on with the call.
     */
    final class Attempt implements PendingCalls.Entry, SendCallback {

        private final long deadline;
        private volatile long id;
        private volatile @Nullable Node node; // null before the request may have been received
        private volatile int interruptions; // of the inbox, before it was sent
        private boolean over; // guarded by this
        private boolean assigned; // guarded by this
        private boolean answered; // confined to the inbox' thread

        Attempt(long deadline) {
            this.deadline = deadline;
        }

        /**
         * Adds the entry to the table.
         *
         * @throws RpcException if the table is full
         */
        void register() {
            id = client.pending().add(this, method.name());
        }

        long id() {
            return id;
        }

        @Nullable
        Node node() {
            return node;
        }

        /** Ends the attempt. Only one caller gets true, and decides how the call goes on. */
        boolean take() {
            if (!client.pending().remove(id)) {
                return false;
            }
            release();
            return true;
        }

        /** Runs a step of the call. If it throws, the call fails with that: nothing else would complete it. */
        void proceed(Runnable step) {
            try {
                step.run();
            } catch (Throwable t) {
                boolean unused = take();
                fail(t);
                throw t;
            }
        }

        /**
         * Assigns a node. From then on the attempt counts as in flight there, and as possibly received; false if it has
         * ended meanwhile.
         */
        synchronized boolean assign(Node to) {
            if (over) {
                return false;
            }
            interruptions = client.pending().interruptions();
            node = to;
            assigned = true;
            to.callsInFlight().incrementAndGet();
            return true;
        }

        private synchronized void release() {
            over = true;
            Node at = node;
            if (assigned && at != null) {
                assigned = false;
                at.callsInFlight().decrementAndGet();
            }
        }

        @Override
        public long deadline() {
            return deadline;
        }

        @Override
        public boolean endsWithOneReply() {
            return true;
        }

        @Override
        public boolean isAwaited() {
            return future.isAwaited();
        }

        /** Only the first reply counts, and only of the node that has the attempt. */
        @Override
        public boolean accepts(RpcCodec.Response reply) {
            Node at = node;
            if (answered || at == null || !at.id().equals(reply.from())) {
                return false;
            }
            answered = true;
            return true;
        }

        @Override
        public void onReply(RpcCodec.Response reply) {
            release();
            proceed(() -> onReplied(this, reply));
        }

        @Override
        public boolean askedBefore(int interruption) {
            return node != null && interruptions < interruption;
        }

        @Override
        public boolean onLost(String lost) {
            Node at = node;
            return at != null && at.id().equals(lost);
        }

        @Override
        public void onEnd(Reason reason, String why) {
            release();
            proceed(() -> onEnded(this, reason, why));
        }

        /** The completion of a one-way call runs code of the program. */
        @Override
        public boolean mayBlock() {
            return method.traits().oneWay();
        }

        @Override
        public void sent(long receivers, boolean exact) {
            if (receivers == 0 && client.channels().countsTrusted()) {
                if (take()) {
                    client.execute(() -> proceed(() -> onNotReceived(this)));
                }
            } else if (method.traits().oneWay() && take()) {
                onDelivered();
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (failure.kind() == TransportException.Kind.CONNECTION_LOST) {
                client.pending().onDisconnected();
            }
            boolean awaited = !failure.notSent() && !method.traits().oneWay();
            if (!awaited && take()) { // else it may have arrived: a reply, the deadline or the connection decides
                client.execute(() -> proceed(() -> onNotSent(this, failure)));
            }
        }
    }
}
