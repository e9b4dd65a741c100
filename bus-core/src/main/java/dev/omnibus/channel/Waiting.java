package dev.omnibus.channel;

/** A message on its way out. */
final class Waiting {

    /** What kind of message it is, which decides how it is treated when there is no room or no link. */
    enum Kind {
        /** Never waits for anything but its turn. */
        PLAIN,
        /** Carries a number; may wait for room, and for the link. */
        NUMBERED,
        /** Tells the last number of its lane. */
        MARK,
        /** Finds out whether the link stands. */
        BEAT
    }

    final byte[] message;
    final Kind kind;
    final Count count;
    final Sent sent;
    final long tells; // the number that a mark tells
    private long index; // both set by the lane, under its lock, when it takes the message
    private long since;

    private Waiting(byte[] message, Kind kind, Count count, Sent sent, long tells) {
        this.message = message;
        this.kind = kind;
        this.count = count;
        this.sent = sent;
        this.tells = tells;
    }

    static Waiting plain(byte[] message, Count count, Sent sent) {
        return new Waiting(message, Kind.PLAIN, count, sent, 0);
    }

    static Waiting numbered(byte[] message, Sent sent) {
        return new Waiting(message, Kind.NUMBERED, Count.NO, sent, 0);
    }

    static Waiting beat(byte[] message, Count count, Sent sent) {
        return new Waiting(message, Kind.BEAT, count, sent, 0);
    }

    static Waiting mark(byte[] message, long number) {
        return new Waiting(message, Kind.MARK, Count.NO, Sent.UNNOTICED, number);
    }

    /** Let in also when the outbox is full, and no message of the layers above. */
    boolean urgent() {
        return kind == Kind.MARK || kind == Kind.BEAT;
    }

    void accepted(long asIndex, long now) {
        index = asIndex;
        since = now;
    }

    /** The how manieth message of its lane it is. */
    long index() {
        return index;
    }

    /** When the lane took it. */
    long since() {
        return since;
    }
}
