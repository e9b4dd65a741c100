package dev.omnibus.internal.channel;

import java.util.concurrent.atomic.LongAdder;

/**
 * What has gone through the channels of this process since they were opened, and what they hold at the moment. Counted
 * one by one: a snapshot taken under load may be off by what is just being counted.
 *
 * @param messagesSent messages that were handed to their receivers, without markers and heartbeats
 * @param framesSent frames that carried those, markers and heartbeats
 * @param messagesFailed messages whose sending failed, or whose outcome is unknown, without markers and heartbeats
 * @param messagesReceived messages that arrived, without the heartbeats of this node
 * @param framesReceived frames that arrived and were read
 * @param badFrames frames among them that violated the wire protocol
 * @param framesDropped frames that arrived and were dropped, because too much waited to be read
 * @param reconnects how often a dead connection was replaced
 * @param markersSent markers that were sent
 * @param outboxBytes bytes that wait to be sent, or whose sending is under way
 * @param lanes channels with a queue of outgoing messages, also an empty one
 */
public record ChannelStats(
        long messagesSent,
        long framesSent,
        long messagesFailed,
        long messagesReceived,
        long framesReceived,
        long badFrames,
        long framesDropped,
        long reconnects,
        long markersSent,
        long outboxBytes,
        int lanes) {

    /** What is counted, where it happens. */
    public static final class Counters {

        final LongAdder messagesSent = new LongAdder();
        final LongAdder framesSent = new LongAdder();
        final LongAdder messagesFailed = new LongAdder();
        final LongAdder messagesReceived = new LongAdder();
        final LongAdder framesReceived = new LongAdder();
        final LongAdder badFrames = new LongAdder();
        final LongAdder framesDropped = new LongAdder();
        final LongAdder reconnects = new LongAdder();
        final LongAdder markersSent = new LongAdder();

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
                    markersSent.sum(),
                    outboxBytes,
                    lanes);
        }
    }
}
