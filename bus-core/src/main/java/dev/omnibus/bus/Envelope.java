package dev.omnibus.bus;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.channel.Message;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An event whose envelope has been read and whose data has not. The data is decoded once per type that is asked for.
 */
final class Envelope {

    /** The data as one type; a chain, because there is hardly ever a second. */
    private record Decoded(
            Class<?> type, Object data, @Nullable Decoded next) {}

    final String id;
    final String source;
    final String type;
    final String topic;
    final Instant time;
    final long sequence;
    final Map<String, String> attributes;
    private final Message data;

    private final int size;

    private @Nullable Decoded decoded; // guarded by this

    Envelope(
            String id,
            String source,
            String type,
            String topic,
            Instant time,
            long sequence,
            Map<String, String> attributes,
            Message data,
            int size) {
        this.id = id;
        this.source = source;
        this.type = type;
        this.topic = topic;
        this.time = time;
        this.sequence = sequence;
        this.attributes = attributes;
        this.data = data;
        this.size = size;
    }

    /** The bytes of the whole message: a publisher may put much into the attributes and little into the data. */
    int size() {
        return size;
    }

    <T> Event<T> as(Class<T> payload, ObjectReader reader) throws IOException {
        @SuppressWarnings("unchecked") // the reader was made for this type, which may be a primitive's class
        T typed = (T) decoded(payload, reader);
        return new Event<>(id, source, type, topic, time, sequence, attributes, typed);
    }

    private synchronized Object decoded(Class<?> payload, ObjectReader reader) throws IOException {
        for (Decoded known = decoded; known != null; known = known.next()) {
            if (known.type() == payload) {
                return known.data();
            }
        }
        Object value = reader.readValue(data.bytes(), data.offset(), data.length());
        if (value == null) {
            throw new IOException("its data is null");
        }
        decoded = new Decoded(payload, value, decoded);
        return value;
    }
}
