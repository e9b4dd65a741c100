package dev.omnibus.bus;

import dev.omnibus.channel.ChannelStats;
import java.util.concurrent.atomic.LongAdder;

/** What has happened on one bus, in numbers. */
final class Counters {

    final LongAdder published = new LongAdder();
    final LongAdder publishFailed = new LongAdder();
    final LongAdder received = new LongAdder();
    final LongAdder handled = new LongAdder();
    final LongAdder handlerFailures = new LongAdder();
    final LongAdder badMessages = new LongAdder();
    final LongAdder gaps = new LongAdder();
    final LongAdder lost = new LongAdder();
    final LongAdder duplicates = new LongAdder();
    /** By mailboxes of subscriptions that have ended; those that are open count for themselves. */
    final LongAdder dropped = new LongAdder();

    final LongAdder interruptions = new LongAdder();

    BusStats snapshot(ChannelStats channels, long droppedByOpen) {
        return new BusStats(
                published.sum(),
                publishFailed.sum(),
                received.sum(),
                handled.sum(),
                handlerFailures.sum(),
                badMessages.sum(),
                gaps.sum(),
                lost.sum(),
                duplicates.sum(),
                dropped.sum() + droppedByOpen,
                channels.framesDropped(),
                interruptions.sum(),
                channels.reconnects(),
                channels.outboxBytes());
    }
}
