package dev.omnibus.internal.event;

import dev.omnibus.bus.Event;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A lazily decoded event: its envelope has been read, its data has not. Data that several handlers share is decoded
 * once per type, and only kept while one of them holds it: an event that waits must not weigh more than its bytes.
 */
public final class Envelope {

    /** The memory that one takes, beyond the bytes of its message. */
    private static final int OVERHEAD = 256;

    /** The memory that one additional attribute takes, which may have a single character. */
    private static final int ATTRIBUTE_OVERHEAD = 192;

    /** The data decoded as one type; a linked list, because there is hardly ever a second. */
    private record Decoded(
            Payloads.Target target,
            WeakReference<Object> data,
            @Nullable Decoded next) {}

    public final String id;
    public final String source;
    public final String type;
    final String topic;
    public final Instant time;
    public final long sequence;
    final Map<String, String> attributes;
    private final int length;

    private Payloads.@Nullable Unread data; // guarded by this
    private boolean shared; // written before it is handed to a mailbox
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

    /** Returns its weight while it waits: a publisher may put much into the attributes and little into the data. */
    public int weight() {
        return length + OVERHEAD + ATTRIBUTE_OVERHEAD * attributes.size();
    }

    /** Returns the size of the frame that it keeps alive while it waits. */
    synchronized int frameBytes() {
        return data == null ? 0 : data.value().bytes().length;
    }

    /** Notes that more than one handler will read the data, or one more than once. */
    void share() {
        shared = true;
    }

    /** Releases the frame that it came in, which may be far larger than its weight. */
    synchronized void detach() {
        data = data == null ? null : data.alone();
    }

    /** Returns whether it is not an event but a sequence marker. */
    public boolean isMarker() {
        return type.equals(EventCodec.MARKER);
    }

    /** Returns the report that this is not what a handler expects. */
    public String misfit(String expected, Throwable why) {
        return "Event " + id + " of " + source + " is not a valid " + expected + " (its type is " + type + "): "
                + Json.problem(why);
    }

    public <T> Event<T> as(Payloads payloads, Payloads.Target target) throws IOException {
        @SuppressWarnings("unchecked") // the target was made for this type, which may be a primitive's class
        T typed = (T) (shared ? decoded(payloads, target) : read(payloads, target));
        return new Event<>(id, source, type, topic, time, sequence, attributes, typed);
    }

    private synchronized Object decoded(Payloads payloads, Payloads.Target target) throws IOException {
        for (Decoded known = decoded; known != null; known = known.next()) {
            Object value = known.data().get();
            if (value != null && known.target().type().equals(target.type())) {
                return value;
            }
        }
        Object value = read(payloads, target);
        decoded = new Decoded(target, new WeakReference<>(value), decoded);
        return value;
    }

    private synchronized Object read(Payloads payloads, Payloads.Target target) throws IOException {
        if (data == null) {
            throw new IOException("it has no data");
        }
        return payloads.read(data, target);
    }
}
