package dev.omnibus.bus;

import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An event whose envelope has been read and whose data has not. The data is decoded once per type that is asked for.
 */
final class Envelope {

    /** What it costs to keep one, beyond the bytes of its message. */
    private static final int OVERHEAD = 256;

    /** The data as one type; a chain, because there is hardly ever a second. */
    private record Decoded(
            Payloads.Target target, Object data, @Nullable Decoded next) {}

    final String id;
    final String source;
    final String type;
    final String topic;
    final Instant time;
    final long sequence;
    final Map<String, String> attributes;
    private final Payloads.@Nullable Unread data;
    private final int length;

    private @Nullable Decoded decoded; // guarded by this

    Envelope(
            String id,
            String source,
            String type,
            String topic,
            Instant time,
            long sequence,
            Map<String, String> attributes,
            Payloads.@Nullable Unread data,
            int length) {
        this.id = id;
        this.source = source;
        this.type = type;
        this.topic = topic;
        this.time = time;
        this.sequence = sequence;
        this.attributes = attributes;
        this.data = data;
        this.length = length;
    }

    /** What it weighs while it waits: a publisher may put much into the attributes and little into the data. */
    int weight() {
        return length + OVERHEAD;
    }

    /** Whether it is no event, but tells how far its source has counted. */
    boolean isMark() {
        return type.equals(EventCodec.MARK);
    }

    /** How it is reported that this is not what a handler expects. */
    String misfit(String expected, Throwable why) {
        return "Event " + id + " of " + source + " is no " + expected + ": " + Json.problem(why);
    }

    <T> Event<T> as(Payloads payloads, Payloads.Target target) throws IOException {
        @SuppressWarnings("unchecked") // the target was made for this type, which may be a primitive's class
        T typed = (T) decoded(payloads, target);
        return new Event<>(id, source, type, topic, time, sequence, attributes, typed);
    }

    private synchronized Object decoded(Payloads payloads, Payloads.Target target) throws IOException {
        for (Decoded known = decoded; known != null; known = known.next()) {
            if (known.target().type().equals(target.type())) {
                return known.data();
            }
        }
        if (data == null) {
            throw new IOException("it has no data");
        }
        Object value = payloads.read(data, target);
        decoded = new Decoded(target, value, decoded);
        return value;
    }
}
