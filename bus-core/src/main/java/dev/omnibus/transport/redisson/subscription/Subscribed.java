package dev.omnibus.transport.redisson.subscription;

import dev.omnibus.transport.FrameListener;

/**
 * A subscription of the program: one listener, from the call of subscribe to that of unsubscribe, whatever the
 * connection.
 */
public final class Subscribed {

    /** What it is subscribed to. */
    public enum Kind {
        /** A channel. */
        PLAIN,
        /** A channel of one shard of a cluster. */
        SHARDED,
        /** All channels that match a pattern. */
        PATTERN
    }

    private final String name;
    private final Kind kind;
    private final FrameListener listener;
    private volatile boolean ended;

    public Subscribed(String name, Kind kind, FrameListener listener) {
        this.name = name;
        this.kind = kind;
        this.listener = listener;
    }

    public String name() {
        return name;
    }

    boolean pattern() {
        return kind == Kind.PATTERN;
    }

    public boolean sharded() {
        return kind == Kind.SHARDED;
    }

    /** Also while it is being ended: what was published before that, and is on its way, belongs to it. */
    public void frame(String channel, byte[] frame) {
        listener.onFrame(channel, frame);
    }

    public void interrupted() {
        if (!ended) {
            listener.onInterrupted();
        }
    }

    /** From here on nothing subscribes to it again. */
    public void end() {
        ended = true;
    }

    public boolean isEnded() {
        return ended;
    }
}
