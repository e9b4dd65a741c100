package dev.omnibus.bus;

/**
 * What a bus has done since it was opened. The numbers are taken one after the other while the bus works. Immutable.
 *
 * @param published events that were handed to Redis
 * @param publishFailed events that were not, or whose fate is unknown
 * @param received events that arrived and could be read, once for each channel or pattern that they arrived on
 * @param handled how often a handler was given an event and returned; the methods of a registered object are one
 *     handler for each of its topics, which always returns
 * @param handlerFailures how often a handler threw, and no retry was left
 * @param badMessages messages that were dropped because they are not as the wire protocol or the handler's type says
 * @param gaps how often events were seen to be missing
 * @param lost how many events these gaps have together, less those that turned out not to be missing
 * @param duplicates events that were dropped because they came again, or after their successors
 * @param dropped events that were dropped because a mailbox was full, or because its handler was given up
 * @param framesDropped frames that were dropped because too much waited to be read on their channel; the events in them
 *     show as gaps
 * @param interruptions how often a subscription was down and stood again
 * @param reconnects how often the whole connection was made anew
 * @param outboxBytes what waits to be sent
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
        long outboxBytes) {}
