package dev.omnibus.transport;

/**
 * A frame to be sent, with the callback for its outcome.
 *
 * @param channel where to
 * @param frame the bytes; not changed by anyone afterwards
 * @param counted whether the receivers are to be counted exactly, leaving out pattern subscribers. It costs a little
 *     more than a plain publish
 * @param outcome completed once, perhaps on the transport's own thread: it must neither block nor throw
 */
public record Publication(String channel, byte[] frame, boolean counted, Outcome outcome) {

    /** The outcome of a publication. Exactly one of the two methods is called, once. */
    public interface Outcome {

        /** Instead of a number of pattern subscribers: they are among the receivers, if there are any. */
        long NOT_SEPARATED = -1;

        /**
         * The frame was handed to the receivers.
         *
         * @param receivers how many there were. Zero is certain, whether counted apart or not: where somebody may have
         *     got it, such as while servers change their parts, it is at least 1. If pattern subscribers were not
         *     counted apart, the number may include them, and in a cluster it leaves out those that other servers hold
         * @param patternSubscribers how many subscriptions by pattern got it as well and are left out of the number of
         *     receivers; at least 1 in a cluster and behind Sentinels, where it is not known; {@link #NOT_SEPARATED}
         *     where that was not asked for, or where the user may not run scripts
         */
        void published(long receivers, long patternSubscribers);

        /**
         * The frame has to be sent once more, as it was not accepted where it was sent, and it has no outcome yet. What
         * is published on its channel before that would overtake it.
         */
        default void delayed() {}

        /**
         * The frame was not sent, or it is not known whether it was.
         *
         * @param failure why, and which of the two
         */
        void failed(TransportException failure);
    }
}
