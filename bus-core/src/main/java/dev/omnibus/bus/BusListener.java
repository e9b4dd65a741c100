package dev.omnibus.bus;

/**
 * Told what does not reach any handler or future: losses, failures of handlers, and the state of the link. Every method
 * does nothing by default. What these methods throw is logged. They are called one at a time and in order, on the bus'
 * executor: while one blocks, further reports wait, and beyond 65,536 of them, or 32 MiB of what they hold, they are
 * counted and logged only.
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
     * @param channel where it arrived: the channel or, if it is an event that does not fit, its topic
     * @param problem what is wrong with it; an event that does not fit is named with its id, source and type
     */
    default void onBadMessage(String channel, String problem) {}

    /**
     * Events were lost between their publisher and this process. Each subscription to Redis counts for itself: who has
     * subscribed to {@code orders.placed} and to {@code orders.*} may be told twice of the same loss.
     *
     * @param topic the topic
     * @param source who published them
     * @param from the first missing number
     * @param to the last missing number
     */
    default void onGap(String topic, String source, long from, long to) {}

    /**
     * An event arrived again, or after its successor, and was dropped. The source is what the sender says.
     *
     * @param topic the topic
     * @param source who published it
     * @param id its id
     */
    default void onDuplicate(String topic, String source, String id) {}

    /**
     * A handler is too slow for what arrives: its mailbox is full, and events are being dropped. Told once, until
     * {@link #onDropped} ends it.
     *
     * @param topic the topic or pattern of the subscription
     */
    default void onDropping(String topic) {}

    /**
     * The handler has caught up, or its subscription has ended, and nothing is dropped any more. Also told when what
     * waits is dropped because the bus ends and its handler does not.
     *
     * @param topic the topic or pattern of the subscription
     * @param events how many were dropped since {@link #onDropping}
     */
    default void onDropped(String topic, long events) {}

    /**
     * More arrives on a channel than can be read, and frames are being dropped unread. Told once, until
     * {@link #onFramesDropped} ends it.
     *
     * @param channel the channel, or the Redis glob of a pattern
     */
    default void onFramesDropping(String channel) {}

    /**
     * The channel is read in time again, or is read no more, and nothing is dropped any more. The events in these
     * frames are reported as gaps.
     *
     * @param channel the channel, or the Redis glob of a pattern
     * @param frames how many were dropped since {@link #onFramesDropping}
     */
    default void onFramesDropped(String channel, long frames) {}

    /**
     * An event was not published, or its fate is unknown. The future of {@code publish} says the same; this is for
     * those who do not look at it.
     *
     * @param topic the topic
     * @param failure why
     */
    default void onPublishFailed(String topic, PublishException failure) {}

    /**
     * Something other than an event could not be sent, or its fate is unknown, and nobody waits for it here: most often
     * the reply to a call, whose caller will only see his timeout.
     *
     * @param channel what it was about, such as the channel of the method that was called
     * @param problem to whom it was not sent, and why
     */
    default void onUnsent(String channel, String problem) {}

    /**
     * A subscription was down and stands again. What was published meanwhile is lost; publishers that count reveal how
     * much with their next event or, if none follows, a second or more later.
     *
     * @param topic the topic or pattern of the subscription
     */
    default void onInterrupted(String topic) {}

    /**
     * A subscription has ended that nobody closed: the executor of {@link SubscribeOptions#withExecutor} refused to run
     * its handler, or it was full and {@link Overflow#CLOSE} was chosen.
     *
     * @param topic the topic or pattern of the subscription
     * @param reason which of the two
     */
    default void onSubscriptionEnded(String topic, String reason) {}

    /**
     * The bus does something else from now on.
     *
     * @param state what it does
     */
    default void onState(BusState state) {}

    /**
     * An event arrived on a topic that an object was {@linkplain Bus#register registered} for, and none of the object's
     * methods takes events of its type.
     *
     * @param topic the topic
     * @param type the event's CloudEvents type
     */
    default void onDeadEvent(String topic, String type) {}
}
