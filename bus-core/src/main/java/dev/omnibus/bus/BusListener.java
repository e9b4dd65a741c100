package dev.omnibus.bus;

import java.time.Duration;

/**
 * A listener for what reaches no handler and no future: losses, failures of handlers, and the state of the connection.
 * Every method does nothing by default. What these methods throw is logged. They are called one at a time and in order,
 * on the bus' executor: while one blocks, further reports wait; beyond 65,536 of them, or 32 MiB of what they hold,
 * reports are only counted and logged.
 */
public interface BusListener {

    /**
     * Called when a handler threw. The event counts as handled, and the next one follows.
     *
     * @param event the event
     * @param failure what it threw
     */
    default void onHandlerFailed(Event<?> event, Throwable failure) {}

    /**
     * Called when a message violates the wire protocol, or does not fit the type that a handler expects. It was
     * dropped, its neighbours were kept.
     *
     * @param channel where it arrived: the channel or, if it is an event that does not fit, its topic
     * @param problem what is wrong with it; an event that does not fit is named with its id, source and type
     */
    default void onBadMessage(String channel, String problem) {}

    /**
     * Called when events were lost between their publisher and this process. Each Redis subscription counts on its own:
     * a process that has subscribed to {@code orders.placed} and to {@code orders.*} may get two reports of the same
     * loss.
     *
     * @param topic the topic
     * @param source who published them
     * @param from the first missing sequence number
     * @param to the last missing sequence number
     */
    default void onGap(String topic, String source, long from, long to) {}

    /**
     * Called when an event arrived again, or after its successor, and was dropped. The source is what the sender
     * claims.
     *
     * @param topic the topic
     * @param source who published it
     * @param id its id
     */
    default void onDuplicate(String topic, String source, String id) {}

    /**
     * Called when a handler falls behind: its mailbox is full, and events are being dropped. Reported once, until
     * {@link #onDropped} ends it.
     *
     * @param topic the topic or pattern of the subscription
     */
    default void onDropping(String topic) {}

    /**
     * Called when nothing is dropped any more, because the handler has caught up or its subscription has ended. Also
     * called when what waits is dropped because the bus is closed and the handler does not finish.
     *
     * @param topic the topic or pattern of the subscription
     * @param events how many were dropped since {@link #onDropping}
     */
    default void onDropped(String topic, long events) {}

    /**
     * Called when frames arrive on a channel faster than they can be read, and are being dropped unread. Reported once,
     * until {@link #onFramesDropped} ends it.
     *
     * @param channel the channel, or the Redis glob of a pattern
     */
    default void onFramesDropping(String channel) {}

    /**
     * Called when no frames are dropped any more, because the channel is read in time again, or is not read any more.
     * The events in these frames are reported as gaps.
     *
     * @param channel the channel, or the Redis glob of a pattern
     * @param frames how many were dropped since {@link #onFramesDropping}
     */
    default void onFramesDropped(String channel, long frames) {}

    /**
     * Called when an event was not published, or its outcome is unknown. The future of {@code publish} reports the
     * same; this is for programs that ignore it.
     *
     * @param topic the topic
     * @param failure why
     */
    default void onPublishFailed(String topic, PublishException failure) {}

    /**
     * Called when something other than an event could not be sent, or its outcome is unknown, and nobody waits for it
     * here: most often the reply to a call, whose caller will only see a timeout.
     *
     * @param channel what it was about, such as the channel of the method that was called
     * @param problem where it was not sent to, and why
     */
    default void onUnsent(String channel, String problem) {}

    /**
     * Called when a subscription was interrupted and is established again. What was published meanwhile is lost;
     * publishers that number their events reveal how much with their next event or, if none follows, a second or more
     * later.
     *
     * @param topic the topic or pattern of the subscription
     */
    default void onInterrupted(String topic) {}

    /**
     * Called when a subscription has ended without being closed: the executor of {@link SubscribeOptions#withExecutor}
     * refused to run its handler, or it was full and {@link Overflow#CLOSE} was chosen.
     *
     * @param topic the topic or pattern of the subscription
     * @param reason which of the two
     */
    default void onSubscriptionEnded(String topic, String reason) {}

    /**
     * Called when the state of the bus changes.
     *
     * @param state the new state
     */
    default void onState(BusState state) {}

    /**
     * Called when an attempt to connect has failed: to connect for the first time, of a bus that was built with
     * {@link BusBuilder#connectInBackground}, or again, after the connection was lost. The next attempt follows.
     *
     * @param failure why; {@link ConnectionException#reason()} says whether Redis refused, as with a wrong password
     */
    default void onConnectFailed(ConnectionException failure) {}

    /**
     * Called when an event arrived on a topic that an object was {@linkplain Bus#register registered} for, and none of
     * the object's methods accepts events of its type.
     *
     * @param topic the topic
     * @param type the event's CloudEvents type
     */
    default void onDeadEvent(String topic, String type) {}

    /**
     * Called when a consumer group of a durable topic gets an event again that one of its handlers may have been run
     * with.
     *
     * @param topic the topic
     * @param group the group
     * @param position where the event is in the log
     * @param reason why: a failure of the handler, the end of the node that had it, a failover, or that it was a dead
     *     letter which somebody has redelivered
     */
    default void onRedelivered(String topic, String group, String position, String reason) {}

    /**
     * Called when it turns out that an event of a durable topic has been handled here although another node has taken
     * it over: this process was paused for longer than its lease.
     *
     * @param topic the topic
     * @param group the group
     * @param position where the event is in the log
     */
    default void onDoubled(String topic, String group, String position) {}

    /**
     * Called when a consumer group of a durable topic has given an event up, which is kept among its dead letters.
     *
     * @param topic the topic
     * @param group the group
     * @param position where the event is in the log
     * @param reason why
     */
    default void onDeadLetter(String topic, String group, String position, String reason) {}

    /**
     * Called when acknowledged events of a durable topic are lost: Redis has lost what this process appended and it is
     * too old to be repaired, or the retention let events go before somebody here had them.
     *
     * @param topic the topic
     * @param reader the group or the follower that has not got them; empty if they were published here
     * @param events how many, as far as that is known
     * @param which from where to where
     */
    default void onLost(String topic, String reader, long events, String which) {}

    /**
     * Called when Redis has lost events of a durable topic that this process had appended, as in a failover, and they
     * were appended again.
     *
     * @param topic the topic
     * @param events how many
     */
    default void onRepaired(String topic, long events) {}

    /**
     * Called when a durable topic or a consumer group of it is not there any more, because Redis was emptied or
     * restored from an older copy, and was created again.
     *
     * @param topic the topic
     */
    default void onReset(String topic) {}

    /**
     * Called when a consumer group or a named follower of a durable topic keeps events from being trimmed for an hour
     * or longer.
     *
     * @param topic the topic
     * @param group the group, of any node; or the follower
     * @param since how old the oldest event is that it has not acknowledged, or the last that it has handled
     */
    default void onHeldUp(String topic, String group, Duration since) {}

    /**
     * Called when an outbox could not be relayed to a durable topic: it could not be read, or its oldest row could not
     * be published or marked as done. That is tried again, with growing pauses; nothing after that row is published
     * meanwhile.
     *
     * @param topic the topic
     * @param failure why
     */
    default void onOutboxFailed(String topic, Throwable failure) {}
}
