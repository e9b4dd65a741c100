package dev.omnibus.internal.event;

import dev.omnibus.bus.BusStats;
import dev.omnibus.internal.channel.ChannelStats;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** The event counters of one bus. Thread-safe. */
public final class EventCounters {

    /** Topics that are counted on their own. */
    private static final int MAX_TOPICS = 200;

    private static final String OTHER = "_OTHER";

    final LongAdder published = new LongAdder();
    private final Map<String, LongAdder> publishedOn = new ConcurrentHashMap<>(); // by topic
    private final LongAdder publishedOnOthers = new LongAdder();
    final LongAdder publishFailed = new LongAdder();
    final LongAdder received = new LongAdder();
    final LongAdder handled = new LongAdder();
    final LongAdder handlerFailures = new LongAdder();
    final LongAdder badMessages = new LongAdder();
    final LongAdder gaps = new LongAdder();
    private final AtomicLong lost = new AtomicLong();
    final LongAdder duplicates = new LongAdder();
    /** By mailboxes of subscriptions that have ended; open ones count on their own. */
    final LongAdder dropped = new LongAdder();

    final LongAdder interruptions = new LongAdder();

    /** The counter of a topic; one for all that come when there are too many. */
    LongAdder publishedOn(String topic) {
        LongAdder known = publishedOn.get(topic);
        if (known != null) {
            return known;
        }
        return publishedOn.size() < MAX_TOPICS
                ? publishedOn.computeIfAbsent(topic, any -> new LongAdder())
                : publishedOnOthers;
    }

    Map<String, Long> publishedByTopic() {
        Map<String, Long> byTopic = new HashMap<>();
        publishedOn.forEach((topic, events) -> byTopic.put(topic, events.sum()));
        long others = publishedOnOthers.sum();
        if (others > 0) {
            byTopic.put(OTHER, others);
        }
        return byTopic;
    }

    /**
     * Adds lost events, or subtracts some. Senders choose the numbers that this is computed from, so it is kept between
     * 0 and {@link Long#MAX_VALUE}.
     */
    void lost(long more) {
        lost.accumulateAndGet(more, (sum, events) -> {
            long total = sum + events;
            return events < 0 ? Math.max(0, total) : total < 0 ? Long.MAX_VALUE : total;
        });
    }

    long lost() {
        return lost.get();
    }

    BusStats snapshot(ChannelStats channels, long droppedByOpen, long waiting) {
        return new BusStats(
                published.sum(),
                publishFailed.sum(),
                received.sum(),
                handled.sum(),
                handlerFailures.sum(),
                badMessages.sum(),
                gaps.sum(),
                lost(),
                duplicates.sum(),
                dropped.sum() + droppedByOpen,
                channels.framesDropped(),
                interruptions.sum(),
                channels.reconnects(),
                channels.outboxBytes(),
                waiting);
    }
}
