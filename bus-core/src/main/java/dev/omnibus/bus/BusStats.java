package dev.omnibus.bus;

/**
 * Counters of a bus since it was opened. They are read one after the other while the bus works, so they are not one
 * consistent snapshot. Immutable.
 *
 * @param published events that were handed to Redis
 * @param publishFailed events that were not, or whose outcome is unknown
 * @param received events that arrived and could be read, once for each channel or pattern that they arrived on
 * @param handled how often a handler received an event and returned; the methods of a registered object are one handler
 *     for each of its topics, which always returns
 * @param handlerFailures how often a handler threw, and no retry was left
 * @param badMessages messages that were dropped because they violate the wire protocol or do not fit the handler's type
 * @param gaps how often events were found missing
 * @param lost how many events were missing in these gaps, less those that turned out not to be
 * @param duplicates events that were dropped because they arrived again, or after their successors
 * @param dropped events that were dropped because a mailbox was full, or because its handler was abandoned
 * @param framesDropped frames that were dropped because too much waited to be read on their channel; the events in them
 *     are counted as gaps
 * @param interruptions how often a subscription was interrupted and established again
 * @param reconnects how often the whole connection was replaced
 * @param outboxBytes bytes that wait to be sent
 * @param waiting events that wait for a handler or are being handled, each once for each subscription; without those of
 *     durable topics
 */
public record BusStats(
        long published,
        long publishFailed,
        long received,
        long handled,
        long handlerFailures,
        long badMessages,
        long gaps,
        long lost,
        long duplicates,
        long dropped,
        long framesDropped,
        long interruptions,
        long reconnects,
        long outboxBytes,
        long waiting) {}
