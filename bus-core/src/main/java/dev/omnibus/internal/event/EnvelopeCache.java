package dev.omnibus.internal.event;

import dev.omnibus.internal.channel.MemoryBudget;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.MessagePartCache;
import dev.omnibus.internal.event.EventCodec.Timestamps;
import dev.omnibus.internal.observe.TraceContext;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A fast path for envelopes: recognizes the beginning of events of known publishers by comparing bytes, instead of
 * parsing it. Only events that are written exactly as {@link EventCodec} writes them are read here; all others are left
 * to it. Confined to one reader.
 */
public final class EnvelopeCache {

    private static final int MAX_ID_LENGTH = 64;
    private static final int QUOTES_TO_END_OF_TYPE = 5; // the first one ends the source
    private static final int MAX_TRACE_LENGTH = 256; // as an attribute that comes alone
    private static final byte[] QUOTE_TRACE =
            ("\",\"" + TraceContext.PARENT + "\":\"").getBytes(StandardCharsets.US_ASCII);

    /** The attributes that the same bytes at the beginning of an envelope contained before. */
    private record Publisher(String source, String type, int length) {}

    private final MessagePartCache<Publisher> publishers;

    public EnvelopeCache(MemoryBudget budget) {
        publishers = new MessagePartCache<>(EventCodec.START.length, QUOTES_TO_END_OF_TYPE, budget);
    }

    /** Returns the envelope; null if its beginning is not known. */
    @Nullable
    Envelope read(String topic, Message message, Timestamps timestamps) {
        Publisher publisher = publishers.find(message, 0);
        if (publisher == null || !isAt(message, publisher.length(), topic)) {
            return null;
        }
        int at = publisher.length() + topic.length();
        int number = at + EventCodec.SEQUENCE.length;
        int id = number + EventCodec.SEQUENCE_DIGITS + EventCodec.ID.length;
        int idEnd = message.hasAt(at, EventCodec.SEQUENCE) && message.hasAt(id - EventCodec.ID.length, EventCodec.ID)
                ? message.endOfPlainText(id)
                : -1;
        if (idEnd <= id || idEnd - id > MAX_ID_LENGTH || !message.hasAt(idEnd, EventCodec.TIME)) {
            return null;
        }
        int timeFrom = idEnd + EventCodec.TIME.length;
        int timeEnd = message.endOfPlainText(timeFrom);
        int end = timeEnd;
        Map<String, String> attributes = Map.of();
        if (message.hasAt(timeEnd, QUOTE_TRACE)) {
            int from = timeEnd + QUOTE_TRACE.length;
            end = message.endOfPlainText(from);
            if (end <= from || end - from > MAX_TRACE_LENGTH) {
                return null;
            }
            attributes = Map.of(TraceContext.PARENT, message.text(from, end));
        }
        if (!message.hasAt(end, Payloads.QUOTE_JSON_DATA)) {
            return null;
        }
        Instant time = timestamps.read(message, timeFrom, timeEnd);
        long sequence = message.number(number, number + EventCodec.SEQUENCE_DIGITS);
        Message value = message.lastValue(end + Payloads.QUOTE_JSON_DATA.length);
        if (time == null || sequence < 0 || value.length() == 0) {
            return null;
        }
        return new Envelope(
                message.text(id, idEnd),
                publisher.source(),
                publisher.type(),
                topic,
                time,
                sequence,
                attributes,
                new Payloads.Unread(value, false, null),
                message.length());
    }

    /** Clears it; nothing is read any more. */
    void end() {
        publishers.end();
    }

    /** Returns whether a topic, which is ASCII, is at an offset. */
    private static boolean isAt(Message message, int from, String topic) {
        if (from + topic.length() > message.length()) {
            return false;
        }
        for (int i = 0; i < topic.length(); i++) {
            if (message.bytes()[message.offset() + from + i] != topic.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Remembers the beginning of an event that was parsed in full, if it is written as {@link EventCodec} does. */
    void learn(Envelope event, Message message) {
        if (publishers.find(message, 0) == null) {
            byte[] head = EventCodec.head(event.source, event.type);
            if (message.startsWith(head)) {
                publishers.learn(head, new Publisher(event.source, event.type, head.length));
            }
        }
    }
}
