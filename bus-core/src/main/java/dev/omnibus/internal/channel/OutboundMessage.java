package dev.omnibus.internal.channel;

import org.jspecify.annotations.Nullable;

/** An outbound message with its callback, from admission to its outcome. */
public final class OutboundMessage {

    /** Decides how a message is treated when there is no room or no connection. */
    enum Kind {
        /** Waits for nothing but its turn. */
        PLAIN,
        /** Carries a sequence number; may wait for room, and for the connection. */
        NUMBERED,
        /** Announces the last number of its lane. */
        MARKER,
        /** Finds out whether the connection is alive. */
        HEARTBEAT
    }

    /** The minimum that the objects around a message take: itself, its array, its future and its place in the queue. */
    private static final int OWN_BYTES = 128;

    /** The size of a lane that is made for it. */
    private static final int LANE_BYTES = 1024;

    final byte[] message;
    final Kind kind;
    final ReceiverCount count;
    final SendCallback sent;
    final SequenceNumbers.@Nullable Format numbering; // of numbered messages and of markers
    private ByteBudget.@Nullable Share room; // that it takes its bytes from
    private int weight;
    private long index; // both set by the lane, under its lock, when it takes the message
    private long since;

    private OutboundMessage(
            byte[] message,
            Kind kind,
            ReceiverCount count,
            SendCallback sent,
            SequenceNumbers.@Nullable Format numbering) {
        this.message = message;
        this.kind = kind;
        this.count = count;
        this.sent = sent;
        this.numbering = numbering;
    }

    public static OutboundMessage plain(byte[] message, ReceiverCount count, SendCallback sent) {
        return new OutboundMessage(message, Kind.PLAIN, count, sent, null);
    }

    static OutboundMessage numbered(byte[] message, SequenceNumbers.Format numbering, SendCallback sent) {
        return new OutboundMessage(message, Kind.NUMBERED, ReceiverCount.NO, sent, numbering);
    }

    static OutboundMessage heartbeat(byte[] message, ReceiverCount count, SendCallback sent) {
        return new OutboundMessage(message, Kind.HEARTBEAT, count, sent, null);
    }

    static OutboundMessage marker(SequenceNumbers.Format numbering) {
        return new OutboundMessage(
                numbering.marker().clone(), Kind.MARKER, ReceiverCount.NO, SendCallback.UNNOTICED, numbering);
    }

    /** Whether it is admitted even to a full outbox; no message of the layers above is. */
    boolean urgent() {
        return kind == Kind.MARKER || kind == Kind.HEARTBEAT;
    }

    /**
     * Sets its weight, which is all that it keeps alive and not just what is sent, and the budget that it comes from.
     */
    void weigh(Lane lane) {
        room = lane.room();
        weight = message.length + OWN_BYTES + lane.channel().length() + (lane.isUnused() ? LANE_BYTES : 0);
    }

    int weight() {
        return weight;
    }

    ByteBudget.@Nullable Share room() {
        return room;
    }

    /** Gives back the bytes that it has taken. */
    void release() {
        if (room != null) {
            room.giveBack(weight);
        }
    }

    void accepted(long asIndex, long now) {
        index = asIndex;
        since = now;
    }

    /** Its position among all messages of its lane, from 1. */
    long index() {
        return index;
    }

    /** When it was queued. */
    long since() {
        return since;
    }

    /** How the receivers of a message are counted. Pattern subscribers do not count as receivers. */
    public enum ReceiverCount {
        /** Not at all, except that 0 means nobody, not even a pattern subscriber. */
        NO,
        /**
         * Whether there is any. On a single server this costs next to nothing as long as there are no pattern
         * subscribers; elsewhere it costs as much as {@link #ALL}. Pattern subscribers are not checked for each
         * message: one that has come within the last second may be taken for a receiver.
         */
        ANY,
        /** All of them. This costs a script instead of a PUBLISH. */
        ALL
    }
}
