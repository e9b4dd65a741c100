package dev.omnibus.tools.watch;

/**
 * A listener for what a {@link Watch} sees. Every method does nothing by default. Called one at a time and in the order
 * of the wire. While it blocks, messages wait; beyond 64 MiB of them, frames are dropped and
 * {@linkplain WatchStats#framesDropped counted}.
 */
public interface WatchListener {

    /**
     * A message was published.
     *
     * @param seen the message
     */
    default void seen(Seen seen) {}

    /**
     * A reply was matched with its request; called after {@link #seen} of that reply.
     *
     * @param exchange the request with all its replies so far
     * @param answer the new one
     */
    default void answered(Exchange exchange, Exchange.Answer answer) {}

    /**
     * No further reply of a request is awaited: it is complete, or its time is over, which is found out with the next
     * message; a second later if there is no other one.
     *
     * @param exchange the request with its replies; not {@linkplain Exchange#isComplete complete} if its time is over
     */
    default void ended(Exchange exchange) {}

    /** The subscription was interrupted and is established again: what was published meanwhile was not seen. */
    default void interrupted() {}
}
