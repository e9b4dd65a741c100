package dev.omnibus.durable;

import java.time.Duration;

/**
 * One delivery of an event to a handler of a consumer group: what is known of it, and the outcomes that are neither
 * success nor failure. Thread-safe.
 */
public interface Delivery {

    /**
     * Returns the group that it is delivered to.
     *
     * @return its name
     */
    String group();

    /**
     * Returns where the event is in the log.
     *
     * @return its position, by which it can be recognised
     */
    Position position();

    /**
     * Returns how often a handler of this group has been started with the event, as far as that was counted.
     *
     * @return 1 with the first start
     */
    int starts();

    /**
     * Whether a handler of this group may have been run with this event before, fully or in part, on any node: it has
     * failed or put it off, its node has died, or Redis has lost the acknowledgement in a failover.
     *
     * @return false if it certainly was not
     */
    boolean mayHaveRun();

    /**
     * Has the event handled again later, by this or another node. That is no failure, and not counted. It decides
     * instead of what the handler returns or throws afterwards; once the handler has ended it does nothing.
     *
     * @param delay how long it waits, 365 days at most; if this node dies meanwhile, another one has it earlier
     * @throws IllegalArgumentException if the delay is out of range
     */
    void retryLater(Duration delay);

    /**
     * Makes the event a dead letter at once, without further retries. It decides in place of what the handler returns
     * or throws afterwards.
     *
     * @param reason why, for those who read the dead letters
     */
    void reject(String reason);
}
