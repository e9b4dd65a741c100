package dev.omnibus.tools.watch;

/**
 * Counters of a {@link Watch} since it began. They are read one after the other while it works, so they are not one
 * consistent snapshot. Immutable.
 *
 * @param messages all messages, of all kinds
 * @param bytes their bytes
 * @param events data on topics
 * @param requests calls, also one-way ones
 * @param replies results and errors
 * @param paired replies that were matched with their request
 * @param unmatchedReplies replies whose request was not seen, or was given up
 * @param unanswered requests whose time was over without a reply, or, of broadcasts, without one of a node that is
 *     known
 * @param abandoned requests that were given up because there were too many, or the subscription was interrupted
 * @param open requests that wait for a reply
 * @param bad messages that violate the wire protocol
 * @param framesDropped frames that were dropped unread, because the listener was too slow; what was in them is missing
 *     in all other numbers, and may be the reply of an unanswered request
 * @param interruptions how often the subscription was interrupted
 */
public record WatchStats(
        long messages,
        long bytes,
        long events,
        long requests,
        long replies,
        long paired,
        long unmatchedReplies,
        long unanswered,
        long abandoned,
        long open,
        long bad,
        long framesDropped,
        long interruptions) {

    /**
     * How much of the replies was matched.
     *
     * @return from 0 to 1; 1 if there were none
     */
    public double pairedShare() {
        long all = paired + unmatchedReplies;
        return all == 0 ? 1 : (double) paired / all;
    }
}
