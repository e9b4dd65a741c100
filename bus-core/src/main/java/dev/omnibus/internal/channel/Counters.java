package dev.omnibus.internal.channel;

import java.util.concurrent.atomic.LongAdder;

/** What is counted, where it happens. */
public final class Counters {

    final LongAdder messagesSent = new LongAdder();
    final LongAdder framesSent = new LongAdder();
    final LongAdder messagesFailed = new LongAdder();
    final LongAdder messagesReceived = new LongAdder();
    final LongAdder framesReceived = new LongAdder();
    final LongAdder badFrames = new LongAdder();
    final LongAdder framesDropped = new LongAdder();
    final LongAdder reconnects = new LongAdder();
    final LongAdder marksSent = new LongAdder();

    ChannelStats snapshot(long outboxBytes, int lanes) {
        return new ChannelStats(
                messagesSent.sum(),
                framesSent.sum(),
                messagesFailed.sum(),
                messagesReceived.sum(),
                framesReceived.sum(),
                badFrames.sum(),
                framesDropped.sum(),
                reconnects.sum(),
                marksSent.sum(),
                outboxBytes,
                lanes);
    }
}
