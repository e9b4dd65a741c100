package dev.omnibus.bus;

/**
 * Told what does not reach any handler or future: losses, failures of handlers, and the state of the link. Every method
 * does nothing by default. What these methods throw is logged. They are called one at a time and in order, on the bus'
 * executor: while one blocks, further reports wait, and beyond 65,536 of them they are only logged.
 */
public interface BusListener {

    /**
     * A handler threw. The event counts as handled, and the next one follows.
     *
     * @param event what it was given
     * @param failure what it threw
     */
    default void onHandlerFailed(Event<?> event, Throwable failure) {}

    /**
     * Something on the wire is not what the wire protocol says, or does not fit the type that a handler expects. It was
     * dropped, its neighbours were kept.
     *
     * @param channel where it arrived
     * @param problem what is wrong with it
     */
    default void onBadMessage(String channel, String problem) {}

    /**
     * Events were lost between their publisher and this process.
     *
     * @param topic the topic
     * @param source who published them
     * @param from the first missing number
     * @param to the last missing number
     */
    default void onGap(String topic, String source, long from, long to) {}

    /**
     * An event arrived again, or after its successor, and was dropped.
     *
     * @param topic the topic
     * @param source who published it
     * @param sequence its number
     */
    default void onDuplicate(String topic, String source, long sequence) {}

    /**
     * An event was dropped because a handler is too slow for what arrives.
     *
     * @param topic the topic or pattern of the subscription
     */
    default void onDropped(String topic) {}

    /**
     * An event was not published, or its fate is unknown. The future of {@code publish} says the same; this is for
     * those who do not look at it.
     *
     * @param topic the topic
     * @param failure why
     */
    default void onPublishFailed(String topic, PublishException failure) {}

    /**
     * A subscription was down and stands again. What was published meanwhile is lost; publishers that count reveal how
     * much with their next event.
     *
     * @param topic the topic or pattern of the subscription
     */
    default void onInterrupted(String topic) {}

    /** The bus does not hear itself any more and is connecting anew. */
    default void onLinkDown() {}

    /** The bus hears itself again. */
    default void onLinkUp() {}
}
