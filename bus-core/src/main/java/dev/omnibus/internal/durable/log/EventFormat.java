package dev.omnibus.internal.durable.log;

import dev.omnibus.bus.Event;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.PublishOptions;
import dev.omnibus.internal.channel.Digits;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.SequenceNumbers;
import dev.omnibus.internal.event.Envelope;
import dev.omnibus.internal.event.EnvelopeCache;
import dev.omnibus.internal.event.EventCodec;
import dev.omnibus.internal.event.Payloads;
import dev.omnibus.internal.json.ValueWriter;
import java.io.IOException;
import java.util.Map;

/**
 * The codec of one durable topic's events. Its source is one of their own, so that their sequences have no gaps where
 * the same process has published on the topic without the log. Thread-safe.
 */
public final class EventFormat<T> {

    private final Topic<T> topic;
    private final Payloads payloads;
    private final Payloads.Target target;
    private final EventCodec codec;
    private final ValueWriter writer;
    private final byte[] prefix;
    private final SequenceNumbers.Format numbering;
    private final EnvelopeCache known; // guarded by itself

    public EventFormat(Payloads payloads, EventCodec codec, EnvelopeCache known, Topic<T> topic) {
        this.known = known;
        this.topic = topic;
        this.payloads = payloads;
        this.target = payloads.target(topic.type());
        this.codec = codec;
        this.writer = payloads.writer(topic.type());
        this.prefix = codec.prefix(topic.name(), topic.eventType());
        this.numbering = codec.numbering(topic.name(), prefix);
    }

    public Topic<T> topic() {
        return topic;
    }

    /** Returns how large an event may be. */
    public int limit() {
        return codec.messageLimit();
    }

    /** Writes an event with room for its sequence, and with other headers than the options have. */
    public byte[] write(Object data, Map<String, String> headers, PublishOptions options) {
        payloads.require(data, topic.name());
        Payloads.Written written = payloads.write(data, writer);
        if (written.isNull()) {
            throw Payloads.nothing(topic.name(), "written as null: " + data.getClass());
        }
        return options.id()
                .map(id -> codec.write(prefix, id, headers, written))
                .orElseGet(() -> codec.write(prefix, headers, written));
    }

    /** Writes the sequence into an event. */
    public void sequence(byte[] event, long sequence) {
        Digits.put(event, numbering.digitsFrom(), numbering.digits(), sequence);
    }

    /** Reads what surrounds the data. */
    public Envelope envelope(byte[] event) throws IOException {
        Message message = new Message(event, 0, event.length);
        synchronized (known) {
            return codec.read(topic.name(), message, known);
        }
    }

    /** Reads the data. */
    public Event<T> event(Envelope envelope) throws IOException {
        return envelope.as(payloads, target);
    }

    /** Returns the report that an event does not fit the type of the topic. */
    public String misfit(Envelope envelope, Throwable why) {
        return envelope.misfit(target.name(), why);
    }
}
