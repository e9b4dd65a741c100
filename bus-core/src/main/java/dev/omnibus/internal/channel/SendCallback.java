package dev.omnibus.internal.channel;

import dev.omnibus.transport.TransportException;

/**
 * A callback with the outcome of sending one message: exactly one of {@link #sent} and {@link #failed} is called, once,
 * possibly on the transport's own thread, where it must neither block nor throw.
 */
public interface SendCallback {

    /** Ignores the outcome, as of replies to a caller that has gone. */
    SendCallback UNNOTICED = new SendCallback() {
        @Override
        public void sent(long receivers, boolean exact) {}

        @Override
        public void failed(TransportException failure) {}
    };

    /**
     * Whether this leads to code that may block, and so has to run on the executor. The messages of one frame share one
     * task.
     *
     * @return false by default: called on the transport's thread
     */
    default boolean mayBlock() {
        return false;
    }

    /**
     * The message was handed to its receivers.
     *
     * @param receivers how many; 0 means nobody got it
     * @param exact whether pattern subscribers are left out of the number
     */
    void sent(long receivers, boolean exact);

    /**
     * The message was not sent, or nobody can say whether it was.
     *
     * @param failure why, and which of the two
     */
    void failed(TransportException failure);
}
