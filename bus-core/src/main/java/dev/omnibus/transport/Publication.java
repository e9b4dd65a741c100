package dev.omnibus.transport;

/**
 * One frame to be sent, and who wants to know how it went.
 *
 * @param channel where to
 * @param frame the bytes; not changed by anyone afterwards
 * @param counted whether the receivers are to be counted exactly, leaving out those that subscribe by pattern and just
 *     look on. It costs a little more than a plain publish
 * @param outcome told once, perhaps on the transport's own thread: it must neither block nor throw
 */
public record Publication(String channel, byte[] frame, boolean counted, Outcome outcome) {

    /** How a publication went. Exactly one of the two methods is called, once. */
    public interface Outcome {

        /**
         * The frame was handed to the receivers.
         *
         * @param receivers how many there were; 0 means that nobody got it, if the number is exact. If it is not, it
         *     may count subscriptions by pattern, and in a cluster leaves out those that other servers hold
         * @param exact whether the number leaves out subscriptions by pattern. False where that was not asked for, or
         *     where the user may not run scripts
         */
        void published(long receivers, boolean exact);

        /**
         * The frame was not sent, or nobody can say whether it was.
         *
         * @param failure why, and which of the two
         */
        void failed(TransportException failure);
    }
}
