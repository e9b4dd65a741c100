package dev.omnibus.internal.channel;

import dev.omnibus.internal.concurrent.Mailbox;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Gets what arrives on a channel: one call at a time and in order, on the bus' executor unless it says otherwise. It
 * should pass messages on rather than work on them, because the next frame waits for it.
 */
public interface Receiver {

    /**
     * The messages of one frame.
     *
     * @param channel the exact name that they were published to
     * @param messages in the order in which they were sent; at least one
     * @param next for what is passed on to a {@link Mailbox}; it runs after this channel has been let go
     */
    void receive(String channel, List<Message> messages, Executor next);

    /**
     * Whether it takes frames at once, on the transport's thread: it never waits there, and neither does what it calls.
     * Asked before each frame. A frame that arrives while others still wait or are being read waits behind them.
     *
     * @return false by default: frames are read on the executor
     */
    default boolean isDirect() {
        return false;
    }

    /** The subscription was down and stands again: messages may be missing from here on. */
    default void interrupted() {}
}
