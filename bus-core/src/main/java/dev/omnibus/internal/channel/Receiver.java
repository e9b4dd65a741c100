package dev.omnibus.internal.channel;

import dev.omnibus.internal.concurrent.Mailbox;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * A listener for the messages of a channel: called one frame at a time and in order, on the bus' executor unless it is
 * {@linkplain #isDirect direct}. It should pass messages on rather than work on them, because the next frame waits.
 */
public interface Receiver {

    /**
     * The messages of one frame.
     *
     * @param channel the exact name that they were published to
     * @param messages in the order in which they were sent; at least one
     * @param next for what is passed on to a {@link Mailbox}; runs its first task after this channel was released
     */
    void receive(String channel, List<Message> messages, Executor next);

    /**
     * Whether it receives frames at once, on the transport's thread: it never waits there, and neither does what it
     * calls. Checked before each frame. A frame that arrives while others wait or are being read is queued after them.
     *
     * @return false by default: frames are read on the executor
     */
    default boolean isDirect() {
        return false;
    }

    /** The subscription was lost and is established again: messages may be missing here. */
    default void interrupted() {}
}
