package dev.omnibus.internal.channel;

import dev.omnibus.internal.channel.ChannelStats.Counters;
import dev.omnibus.internal.concurrent.CallerRunsExecutor;
import dev.omnibus.transport.NonBlockingThread;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Admission control: decides which messages may be sent and how long they may wait, and notifies the senders of the
 * others.
 *
 * <p>What has been admitted is bounded in bytes. Numbered messages may wait for room, and for the connection.
 */
public final class AdmissionControl {

    /** Whether messages are admitted. */
    private enum State {
        OPEN,
        /** There is no connection: nothing is admitted but what may wait for it. */
        DOWN,
        CLOSED
    }

    private final Executor executor;
    private final Counters counters;
    private final int messageLimit;
    private final ByteBudget room;
    private final long patience; // nanoseconds that a numbered message waits for room
    private final long hold; // nanoseconds that it waits for the connection
    private volatile State state = State.OPEN;

    public AdmissionControl(Channels.Limits limits, Executor executor, Counters counters) {
        this.executor = new CallerRunsExecutor(executor);
        this.counters = counters;
        this.messageLimit = limits.messageBytes();
        this.room = new ByteBudget(limits.outboundBytes());
        this.patience = limits.outboxWait().toNanos();
        this.hold = limits.hold().toNanos();
    }

    /** The budget of what has been admitted and is still there. */
    public ByteBudget room() {
        return room;
    }

    /** Admits a message to a lane, or notifies its sender why not. A numbered one may wait for room first. */
    boolean admit(Lane lane, OutboundMessage waiting) {
        String channel = lane.channel();
        int size = waiting.message.length;
        if (size > messageLimit) {
            String tooLarge = "The message to " + channel + " has " + size + " bytes; the limit is " + messageLimit
                    + ". Send less, or a reference to where it lies";
            refuse(waiting, new TransportException(Kind.TOO_LARGE, true, tooLarge, null));
            return false;
        }
        if (refuses(waiting)) {
            refuse(waiting, unsent(channel));
            return false;
        }
        waiting.weigh(lane);
        ByteBudget.Share share = lane.room();
        if (waiting.urgent()) {
            share.takeAnyway(waiting.weight());
            return true;
        }
        boolean mayWait = patience > 0 && waiting.kind == OutboundMessage.Kind.NUMBERED;
        return (!(mayWait && share.isAwaited()) && share.take(waiting.weight()))
                || admitLate(channel, share, waiting, mayWait);
    }

    /** There is no room: waits for it, if the message may, and as long as that makes sense. */
    private boolean admitLate(String channel, ByteBudget.Share share, OutboundMessage waiting, boolean mayWait) {
        long start = System.nanoTime();
        String waited = "";
        if (mayWait) {
            NonBlockingThread.requireOther("Publishing to " + channel + ", which waits for room in the full outbox,");
            try {
                if (share.await(waiting.weight(), patience, () -> !refuses(waiting))) {
                    return true;
                }
                waited = ", and in " + millisSince(start) + " ms there was no room";
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                waited = ", and the thread was interrupted after " + millisSince(start) + " ms of waiting for room";
            }
        }
        String full =
                "The outbox is full: " + share.fill(channel) + waited + ". Send more slowly, or set a larger outbox";
        refuse(
                waiting,
                refuses(waiting) ? unsent(channel) : new TransportException(Kind.OUTBOX_FULL, true, full, null));
        return false;
    }

    private static long millisSince(long start) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    /** Whether a message is refused now. */
    boolean refuses(OutboundMessage waiting) {
        State now = state;
        return now != State.OPEN && (now == State.CLOSED || (!waiting.urgent() && !mayHold(waiting)));
    }

    /** Whether a message may wait for a connection. */
    boolean mayHold(OutboundMessage waiting) {
        return hold > 0
                && (waiting.kind == OutboundMessage.Kind.NUMBERED || waiting.kind == OutboundMessage.Kind.MARKER);
    }

    /** Whether messages that failed like this are sent again: none that may have arrived is. */
    boolean mayHold(TransportException failure) {
        return hold > 0 && failure.kind() == Kind.CONNECTION_LOST && failure.notSent() && state != State.CLOSED;
    }

    /** Whether a message has been held for as long as it may be. */
    boolean heldTooLong(OutboundMessage waiting, long now) {
        return now - waiting.since() >= hold;
    }

    /** Why a message that waited in vain was not sent. */
    TransportException heldInVain(String channel) {
        String vain = "There was no connection to Redis for " + TimeUnit.NANOSECONDS.toMillis(hold)
                + " ms; a message to " + channel + " was held for so long, and not sent";
        return new TransportException(Kind.CONNECTION_LOST, true, vain, null);
    }

    /** Why a message was not sent, or not even queued. */
    TransportException unsent(String channel) {
        return state == State.CLOSED
                ? new TransportException(
                        Kind.CLOSED, true, "The bus is closed; the message to " + channel + " was not sent", null)
                : new TransportException(
                        Kind.CONNECTION_LOST,
                        true,
                        "There is no connection to Redis; the message to " + channel
                                + " was not sent. A new connection is being made; send again when it stands",
                        null);
    }

    boolean isOpen() {
        return state == State.OPEN;
    }

    /** Notifies a sender that its message is not sent. */
    void refuse(OutboundMessage waiting, TransportException failure) {
        if (!waiting.urgent()) {
            counters.messagesFailed.increment();
        }
        if (waiting.sent.mayBlock()) {
            execute(() -> waiting.sent.failed(failure));
        } else {
            waiting.sent.failed(failure);
        }
    }

    /** Runs what may block. */
    void execute(Runnable task) {
        executor.execute(task);
    }

    /** Admits a message whatever there is room for. */
    public void admitAnyway(Lane lane, OutboundMessage waiting) {
        waiting.weigh(lane);
        lane.room().takeAnyway(waiting.weight());
    }

    /** Counts a frame, or what has failed. Heartbeats and markers are no messages of the layers above. */
    void count(Batch ended, boolean sent) {
        if (sent) {
            counters.framesSent.increment();
            counters.messagesSent.add(ended.ordinary());
            counters.markersSent.add(ended.markers());
        } else {
            counters.messagesFailed.add(ended.ordinary());
        }
    }

    /** The connection is lost. The lanes are still to be notified. */
    void down() {
        become(State.DOWN);
    }

    /** The connection is back. */
    void up() {
        become(State.OPEN);
    }

    /** Closes it. The lanes are still to be notified. */
    void close() {
        become(State.CLOSED);
    }

    private synchronized void become(State next) {
        if (state != State.CLOSED) {
            state = next;
        }
        room.wakeAll();
    }
}
