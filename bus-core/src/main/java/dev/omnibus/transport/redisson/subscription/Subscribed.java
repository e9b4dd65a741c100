package dev.omnibus.transport.redisson.subscription;

import dev.omnibus.transport.FrameListener;

/**
 * A subscription of the program: one listener, from the call of subscribe to that of unsubscribe, whatever the
 * connection.
 */
public final class Subscribed {

    private final String name;
    private final boolean pattern;
    private final FrameListener listener;
    private volatile boolean ended;

    public Subscribed(String name, boolean pattern, FrameListener listener) {
        this.name = name;
        this.pattern = pattern;
        this.listener = listener;
    }

    public String name() {
        return name;
    }

    boolean pattern() {
        return pattern;
    }

    /** Also while it is being ended: what was published before that, and is on its way, belongs to it. */
    void frame(String channel, byte[] frame) {
        listener.onFrame(channel, frame);
    }

    void interrupted() {
        if (!ended) {
            listener.onInterrupted();
        }
    }

    /** From here on nothing subscribes to it again. */
    public void end() {
        ended = true;
    }

    boolean isEnded() {
        return ended;
    }
}
