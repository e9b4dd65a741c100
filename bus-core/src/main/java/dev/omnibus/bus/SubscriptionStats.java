package dev.omnibus.bus;

/**
 * Counters of a subscription. They are read one after the other while events flow; when none do, {@code received} is
 * the sum of handled, failed, bad, dropped and waiting. Immutable.
 *
 * @param received events that matched the topic or pattern, until it was closed
 * @param handled of these, passed to the handler, which returned
 * @param failed of these, the handler threw, and no retry was left
 * @param retried how often an event was passed to the handler again
 * @param bad of these, the data did not fit the type that the handler expects
 * @param dropped of these, dropped because the mailbox was full, or because they are not handled any more: the executor
 *     rejected them, or the bus was closed before the handler finished
 * @param waiting of these, waiting for the handler or being handled
 * @param waitingBytes the bytes of those
 */
public record SubscriptionStats(
        long received,
        long handled,
        long failed,
        long retried,
        long bad,
        long dropped,
        int waiting,
        long waitingBytes) {}
