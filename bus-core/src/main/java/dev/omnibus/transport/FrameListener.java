package dev.omnibus.transport;

/** A listener for the frames of one subscription. Called on the transport's thread: must neither block nor throw. */
@FunctionalInterface
public interface FrameListener {

    /**
     * A frame has arrived.
     *
     * @param channel the exact name it was published to
     * @param frame the bytes; the listener may keep them
     */
    void onFrame(String channel, byte[] frame);

    /** The subscription was down and stands again: frames published meanwhile are lost. */
    default void onInterrupted() {}
}
