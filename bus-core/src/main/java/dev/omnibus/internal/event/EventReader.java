package dev.omnibus.internal.event;

import dev.omnibus.bus.Event;
import dev.omnibus.internal.channel.Channels;
import dev.omnibus.internal.channel.MemoryBudget;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.Receiver;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A demultiplexer: reads each event of one Redis subscription once, for all subscriptions of this process that share
 * it. It reads the envelope, checks the sequence number, and offers the event to the mailbox of each subscription whose
 * pattern matches. Patterns with the same glob share a reader.
 */
final class EventReader implements Receiver {

    private static final Logger EVENTS = LoggerFactory.getLogger(Event.class);

    private final String channel;
    private final EventCodec codec;
    private final Channels channels;
    private final ListenerNotifier listener;
    private final EventCounters counters;
    private final MemoryBudget remembered;
    private final GapTracker gaps;
    private @Nullable RecentIds ids; // created for the first event without a number; confined to the reader
    private final EnvelopeCache known;
    private volatile List<EventSubscription<?>> subscriptions = List.of();
    private List<EventSubscription<?>> served = subscriptions; // with the last frame; confined to the reader
    private int open; // subscriptions that are not being closed; guarded by Events
    private Channels.@Nullable Subscription listening; // set once by Events, under its lock

    EventReader(
            String channel,
            EventCodec codec,
            Channels channels,
            ListenerNotifier listener,
            EventCounters counters,
            MemoryBudget remembered) {
        this.channel = channel;
        this.codec = codec;
        this.channels = channels;
        this.listener = listener;
        this.counters = counters;
        this.remembered = remembered;
        this.gaps = new GapTracker(remembered);
        this.known = new EnvelopeCache(remembered);
    }

    @Override
    public void receive(String from, List<Message> messages, Executor next) {
        String topic = channels.names().topic(from);
        List<EventSubscription<?>> matching = matching(serving(), topic);
        if (matching.isEmpty()) {
            if (EVENTS.isDebugEnabled()) { // Redis still counts this process as a receiver
                EVENTS.debug("No subscription here matches {}, although {} does in Redis", topic, channel);
            }
            return; // the glob of a pattern matches more than the pattern
        }
        if (topic.length() > TopicPattern.MAX_LENGTH) {
            String start = from.substring(0, TopicPattern.MAX_LENGTH) + "…";
            messages.forEach(message -> listener.onBadMessage(
                    start,
                    "An event was dropped: its topic has " + topic.length() + " characters; the limit is "
                            + TopicPattern.MAX_LENGTH));
            return;
        }
        List<Envelope> fresh = new ArrayList<>(messages.size());
        int events = 0;
        long bytes = 0;
        for (Message message : messages) {
            try {
                Envelope event = codec.read(topic, message, known);
                if (event.isMarker()) {
                    isBelieved(event, gaps.of(event.source, topic), true);
                    continue;
                }
                events++;
                if (isNew(event)) {
                    fresh.add(event);
                    bytes += message.length();
                }
            } catch (IOException | RuntimeException e) {
                listener.onBadMessage(from, "An event was dropped: " + Json.problem(e));
            } catch (Error e) { // such as a lack of memory: the events before and after it are not lost
                channels.reportBroken(from, e);
            }
        }
        counters.received.add(events);
        boolean sparse = bytes < messages.get(0).bytes().length / 2; // or they would keep the rest of the frame alive
        for (Envelope event : fresh) {
            try {
                if (sparse) {
                    event.detach();
                }
                if (matching.size() > 1) {
                    event.share();
                }
            } catch (RuntimeException | Error e) { // as above
                channels.reportBroken(from, e);
                continue;
            }
            for (EventSubscription<?> subscription : matching) {
                try {
                    subscription.offer(event, next);
                } catch (RuntimeException | Error e) {
                    channels.reportBroken(from, e);
                }
            }
        }
    }

    /**
     * Returns the current subscriptions. The numbers of topics that none of them matches are forgotten, or a
     * subscription that returns to such a topic would report a gap.
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

    private boolean isNew(Envelope event) throws IOException {
        boolean isNew;
        if (event.sequence == 0) {
            RecentIds recent = ids == null ? new RecentIds(remembered) : ids;
            ids = recent;
            isNew = recent.add(event.source, event.id);
        } else {
            isNew = isBelieved(event, gaps.of(event.source, event.topic), false);
        }
        if (!isNew) {
            listener.onDuplicate(event.topic, event.source, event.id);
        }
        return isNew;
    }

    /** Compares the number of an event or a marker with those before, and reports what is missing. */
    private boolean isBelieved(Envelope event, GapTracker.Run run, boolean marker) throws IOException {
        long missing = marker ? run.marker(event.sequence) : run.event(event.sequence);
        if (missing == GapTracker.Run.IMPLAUSIBLE) {
            throw new IOException("its sequence number " + event.sequence
                    + " is more than 4,294,967,296 ahead of the last one of " + event.source);
        }
        if (run.takenBack() > 0) {
            listener.onGapTakenBack(event.topic, event.source, run.takenBack());
        }
        if (missing > 0) {
            long last = marker ? event.sequence : event.sequence - 1;
            listener.onGap(event.topic, event.source, last - missing + 1, last);
        }
        return missing >= 0;
    }

    /** Releases what it remembers; nothing arrives any more. */
    void end() {
        gaps.end();
        known.end();
        if (ids != null) {
            ids.end();
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

    void opened(Channels.Subscription open) {
        listening = open;
    }

    Channels.Subscription listening() {
        return Objects.requireNonNull(listening);
    }

    synchronized void add(EventSubscription<?> subscription) {
        List<EventSubscription<?>> more = new ArrayList<>(subscriptions);
        more.add(subscription);
        subscriptions = List.copyOf(more);
        open++;
    }

    /** Closes the subscriptions that share it, because Redis has refused it. */
    void refused() {
        subscriptions.forEach(EventSubscription::close);
    }

    /** Counts a closing subscription, which still gets what has arrived; returns whether it was the last one. */
    boolean leave() {
        return --open == 0;
    }

    synchronized void remove(EventSubscription<?> subscription) {
        List<EventSubscription<?>> less = new ArrayList<>(subscriptions);
        less.remove(subscription);
        subscriptions = List.copyOf(less);
    }

    /** A deduplication window: the ids of the last events without a number. Confined to the reader of one channel. */
    static final class RecentIds {

        private static final int WINDOW = 8_192;
        private static final int ENTRY_BYTES = 160;
        private static final Comparator<Key> ORDER =
                Comparator.comparing(Key::source).thenComparing(Key::id);

        private record Key(String source, String id) implements Comparable<Key> {

            int weight() {
                return ENTRY_BYTES + 2 * (source.length() + id.length());
            }

            @Override
            public int compareTo(Key other) {
                return ORDER.compare(this, other);
            }
        }

        private final LruCache<Key, Boolean> seen;

        RecentIds(MemoryBudget budget) {
            seen = new LruCache<>(WINDOW, Key::weight, budget);
        }

        /** Returns false if this event arrived before, within the window. */
        boolean add(String source, String id) {
            Key key = new Key(source, id);
            if (seen.get(key) != null) {
                return false;
            }
            seen.put(key, true);
            return true;
        }

        void end() {
            seen.end();
        }
    }
}
