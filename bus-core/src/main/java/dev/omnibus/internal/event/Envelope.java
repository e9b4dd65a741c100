package dev.omnibus.internal.event;

import dev.omnibus.bus.Event;
import dev.omnibus.internal.json.Json;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An event whose envelope has been read and whose data has not. What several handlers share is decoded once per type,
 * as long as one of them has it in hands: an event that waits must not weigh more than its bytes.
 */
public final class Envelope {

    /** What it costs to keep one, beyond the bytes of its message. */
    private static final int OVERHEAD = 256;

    /** And what one additional attribute costs, which may have a single character. */
    private static final int ATTRIBUTE_OVERHEAD = 192;

    /** The data as one type; a chain, because there is hardly ever a second. */
    private record Decoded(
            Payloads.Target target,
            WeakReference<Object> data,
            @Nullable Decoded next) {}

    final String id;
    public final String source;
    final String type;
    final String topic;
    final Instant time;
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

    /** What it weighs while it waits: a publisher may put much into the attributes and little into the data. */
    int weight() {
        return length + OVERHEAD + ATTRIBUTE_OVERHEAD * attributes.size();
    }

    /** What it keeps alive while it waits: the frame that it came in. */
    synchronized int frameBytes() {
        return data == null ? 0 : data.value().bytes().length;
    }

    /** More than one handler will ask for the data, or one more than once. */
    void share() {
        shared = true;
    }

    /** Lets go of the frame that it came in, which may be far larger than what it counts for while it waits. */
    synchronized void detach() {
        data = data == null ? null : data.alone();
    }

    /** Whether it is no event, but tells how far its source has counted. */
    boolean isMark() {
        return type.equals(EventCodec.MARK);
    }

    /** How it is reported that this is not what a handler expects. */
    String misfit(String expected, Throwable why) {
        return "Event " + id + " of " + source + " is no " + expected + " (its type is " + type + "): "
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
