package dev.omnibus.bus;

/**
 * What has become of the events of one subscription so far. The numbers are taken one after the other while events
 * flow: in between, {@code received} is handled, failed, bad, dropped and waiting together. Immutable.
 *
 * @param received events that matched the topic or pattern, until it was closed
 * @param handled of these, handed to the handler, which returned
 * @param failed of these, the handler threw, and no retry was left
 * @param retried how often an event was handed over again
 * @param bad of these, the data did not fit the type that the handler expects
 * @param dropped of these, dropped because the mailbox was full, or because nobody handles them any more: the executor
 *     refused, or the bus has ended before the handler did
 * @param waiting of these, waiting for the handler or with it
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
