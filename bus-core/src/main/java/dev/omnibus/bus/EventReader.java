package dev.omnibus.bus;

import dev.omnibus.channel.Listening;
import dev.omnibus.channel.Message;
import dev.omnibus.channel.Receiver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the events of one Redis subscription once, however many subscriptions of this process stand on it: envelope,
 * check of the numbers, and then one offer to the mailbox of each whose pattern matches. Patterns that make the same
 * glob share a reader.
 */
final class EventReader implements Receiver {

    private final String channel;
    private final EventCodec codec;
    private final Function<String, String> topicOf;
    private final SafeListener listener;
    private final Counters counters;
    private final GapTracker gaps = new GapTracker();
    private @Nullable RecentIds ids; // made when an event has no number; confined to the reader
    private final KnownPublishers known = new KnownPublishers();
    private volatile List<EventSubscription<?>> subscriptions = List.of();
    private List<EventSubscription<?>> served = subscriptions; // by the last frame; confined to the reader
    private int open; // subscriptions that are not being closed; guarded by Events
    private @Nullable Listening listening; // set once by Events, under its lock

    EventReader(
            String channel,
            EventCodec codec,
            Function<String, String> topicOf,
            SafeListener listener,
            Counters counters) {
        this.channel = channel;
        this.codec = codec;
        this.topicOf = topicOf;
        this.listener = listener;
        this.counters = counters;
    }

    @Override
    public void receive(String from, List<Message> messages, Executor next) {
        String topic = topicOf.apply(from);
        List<EventSubscription<?>> matching = matching(serving(), topic);
        if (matching.isEmpty()) {
            return; // the glob of a pattern matches more than the pattern
        }
        List<Envelope> fresh = new ArrayList<>(messages.size());
        int events = 0;
        long bytes = 0;
        for (Message message : messages) {
            try {
                Envelope event = codec.read(topic, message, known);
                if (event.isMark()) {
                    reportGap(event, gaps.missingUpTo(event.source, topic, event.sequence), event.sequence);
                    continue;
                }
                events++;
                if (isNew(event)) {
                    fresh.add(event);
                    bytes += message.length();
                }
            } catch (IOException | RuntimeException e) {
                listener.onBadMessage(from, "An event was dropped: " + Json.problem(e));
            }
        }
        counters.received.add(events);
        boolean sparse = bytes < messages.get(0).bytes().length / 2; // the rest of the frame would be kept with them
        for (Envelope event : fresh) {
            if (sparse) {
                event.detach();
            }
            if (matching.size() > 1) {
                event.share();
            }
            for (EventSubscription<?> subscription : matching) {
                subscription.offer(event, next);
            }
        }
    }

    /**
     * Those who get this frame. Whatever was not followed since the last one is forgotten, or who comes back to it
     * would be told of a gap.
     */
    private List<EventSubscription<?>> serving() {
        List<EventSubscription<?>> now = subscriptions;
        if (now != served) {
            gaps.retain(topic -> !matching(now, topic).isEmpty());
            served = now;
        }
        return now;
    }

    private static List<EventSubscription<?>> matching(List<EventSubscription<?>> all, String topic) {
        if (all.size() == 1) {
            return all.get(0).pattern().matches(topic) ? all : List.of();
        }
        List<EventSubscription<?>> matching = new ArrayList<>(all.size());
        for (EventSubscription<?> subscription : all) {
            if (subscription.pattern().matches(topic)) {
                matching.add(subscription);
            }
        }
        return matching;
    }

    private boolean isNew(Envelope event) {
        boolean isNew;
        if (event.sequence == 0) {
            RecentIds recent = ids == null ? new RecentIds() : ids;
            ids = recent;
            isNew = recent.add(event.source, event.id);
        } else {
            long missing = gaps.missingBefore(event.source, event.topic, event.sequence);
            reportGap(event, missing, event.sequence - 1);
            isNew = missing >= 0;
        }
        if (!isNew) {
            listener.onDuplicate(event.topic, event.source, event.id);
        }
        return isNew;
    }

    private void reportGap(Envelope at, long missing, long last) {
        if (missing > 0) {
            listener.onGap(at.topic, at.source, last - missing + 1, last);
        }
    }

    @Override
    public void interrupted() {
        subscriptions.forEach(subscription -> listener.onInterrupted(subscription.topic()));
    }

    String channel() {
        return channel;
    }

    boolean isUnopened() {
        return listening == null;
    }

    void opened(Listening open) {
        listening = open;
    }

    Listening listening() {
        return Objects.requireNonNull(listening);
    }

    synchronized void add(EventSubscription<?> subscription) {
        open++;
        List<EventSubscription<?>> more = new ArrayList<>(subscriptions);
        more.add(subscription);
        subscriptions = List.copyOf(more);
    }

    /** Ends those that stand on it, because Redis has refused it. */
    void refused() {
        subscriptions.forEach(EventSubscription::close);
    }

    /** Counts a subscription out, which still gets what has arrived; true if it was the last. */
    boolean leave() {
        return --open == 0;
    }

    synchronized void remove(EventSubscription<?> subscription) {
        List<EventSubscription<?>> less = new ArrayList<>(subscriptions);
        less.remove(subscription);
        subscriptions = List.copyOf(less);
    }
}
