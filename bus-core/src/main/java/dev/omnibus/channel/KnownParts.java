package dev.omnibus.channel;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that stood in messages before, each with what they mean. Messages of one sender hardly differ: what is the same
 * bytes is the same JSON, and need not be taken apart again. Some senders are remembered; when there are more, the one
 * that was learned first is forgotten. Confined to one thread.
 *
 * @param <T> what the bytes mean
 */
public final class KnownParts<T> {

    private static final int MOST = 64;
    private static final int LONGEST = 2_048;

    private record Part<T>(byte[] bytes, T meaning) {}

    private static final Part<?>[] NONE = {};

    private @Nullable Part<T> last;

    @SuppressWarnings("unchecked") // there is nothing in it
    private Part<T>[] parts = (Part<T>[]) NONE;

    private int next; // to be learned in this place

    /** Makes one that knows nothing. */
    public KnownParts() {}

    /**
     * Looks for known bytes in a message.
     *
     * @param message the message
     * @param from where they would have to begin, counted from the beginning of the message
     * @return what they mean; null if they are not known
     */
    public @Nullable T find(Message message, int from) {
        Part<T> tried = last;
        if (tried != null && message.hasAt(from, tried.bytes)) {
            return tried.meaning;
        }
        for (Part<T> part : parts) {
            if (part != tried && message.hasAt(from, part.bytes)) {
                last = part;
                return part.meaning;
            }
        }
        return null;
    }

    /**
     * Learns bytes. More than 2,048 are not remembered: senders choose their names, and must not fill the memory.
     *
     * @param bytes at least one; not to be changed afterwards
     * @param meaning what they mean
     */
    public void learn(byte[] bytes, T meaning) {
        if (bytes.length > LONGEST) {
            return;
        }
        Part<T> part = new Part<>(bytes, meaning);
        if (parts.length < MOST) {
            parts = Arrays.copyOf(parts, parts.length + 1);
        }
        parts[next] = part;
        next = (next + 1) % MOST;
        last = part;
    }
}
