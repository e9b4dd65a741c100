package dev.omnibus.internal.channel;

import dev.omnibus.transport.TransportException;

/**
 * Told how the sending of one message went: one of its methods is called, once. It may be on the transport's own
 * thread, and must then neither block nor throw.
 */
public interface SendCallback {

    /** For messages whose fate interests nobody, such as replies to a caller that has gone. */
    SendCallback UNNOTICED = new SendCallback() {
        @Override
        public void sent(long receivers, boolean exact) {}

        @Override
        public void failed(TransportException failure) {}
    };

    /**
     * Whether this leads to code that may block, and so has to run on the executor. The messages of one frame share one
     * hand-over.
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
