package dev.omnibus.rpc.internal.client;

import dev.omnibus.internal.channel.SendCallback;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.rpc.internal.directory.Node;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.transport.TransportException;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a call, with an entry in the table of its own, from before a node is looked for until its outcome is
 * known. So a deadline, a loss or the end of the client finds the call wherever it stands.
 *
 * <p>Whoever takes the entry out of the table goes on, and nobody else does.
 */
final class Attempt implements Pending, SendCallback {

    private final Call<?> call;
    private final PendingCalls pending;
    private final long deadline;
    private volatile long id;
    private volatile @Nullable Node node; // null while it cannot have been received
    private volatile int interruptions; // of the inbox, before it was sent
    private boolean over; // guarded by this
    private boolean occupying; // guarded by this
    private boolean answered; // confined to the inbox' thread

    Attempt(Call<?> call, PendingCalls pending, long deadline) {
        this.call = call;
        this.pending = pending;
        this.deadline = deadline;
    }

    /**
     * Enters the table.
     *
     * @throws RpcException if there is no room in it
     */
    void register() {
        id = pending.add(this, call.method().name());
    }

    long id() {
        return id;
    }

    @Nullable
    Node node() {
        return node;
    }

    /** Ends it; true for one only, who then says how the call goes on. */
    boolean take() {
        if (!pending.remove(id)) {
            return false;
        }
        release();
        return true;
    }

    /** Takes a step of the call. If it throws, the call ends with that: nobody else would hear of it. */
    void goOn(Runnable step) {
        try {
            step.run();
        } catch (Throwable t) {
            boolean unused = take();
            call.fail(t);
            throw t;
        }
    }

    /** Counts as in flight there from now on, and as possibly received; false if it has ended meanwhile. */
    synchronized boolean occupy(Node to) {
        if (over) {
            return false;
        }
        interruptions = pending.interruptions();
        node = to;
        occupying = true;
        to.callsInFlight().incrementAndGet();
        return true;
    }

    private synchronized void release() {
        over = true;
        Node at = node;
        if (occupying && at != null) {
            occupying = false;
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
        return call.future().isAwaited();
    }

    /** Only the node that was asked may answer, and only once. */
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
        goOn(() -> call.replied(this, reply));
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
        goOn(() -> call.ended(this, reason, why));
    }

    /** A one-way call is over when it is sent, and then the program goes on. */
    @Override
    public boolean mayBlock() {
        return call.method().traits().oneWay();
    }

    @Override
    public void sent(long receivers, boolean exact) {
        if (receivers == 0 && call.client().channels().countsTrusted()) {
            if (take()) {
                call.client().execute(() -> goOn(() -> call.notThere(this)));
            }
        } else if (call.method().traits().oneWay() && take()) {
            call.delivered();
        }
    }

    @Override
    public void failed(TransportException failure) {
        if (failure.kind() == TransportException.Kind.CONNECTION_LOST) {
            pending.notConnected();
        }
        boolean awaited = !failure.notSent() && !call.method().traits().oneWay();
        if (!awaited && take()) { // else it may have arrived: the reply, the deadline or the link decide
            call.client().execute(() -> goOn(() -> call.notSent(this, failure)));
        }
    }
}
