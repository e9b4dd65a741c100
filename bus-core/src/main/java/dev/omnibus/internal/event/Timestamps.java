package dev.omnibus.internal.event;

import dev.omnibus.internal.channel.Message;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Times of events as RFC 3339 texts. Events come in bursts, so the last millisecond that was written is remembered as
 * text, and the last second that was read as a time. Thread-safe.
 */
final class Timestamps {

    private static final int SECONDS_LENGTH = "1970-01-01T00:00:00".length();
    private static final int NANO_DIGITS = 9;

    private record Written(long millis, byte[] text) {}

    private record Second(byte[] text, long epochSecond) {}

    private volatile Written written = new Written(-1, new byte[0]);
    private volatile Second second = new Second(new byte[0], 0);

    /** A millisecond as text. */
    byte[] write(long millis) {
        Written last = written;
        if (last.millis() != millis) {
            last = new Written(millis, Instant.ofEpochMilli(millis).toString().getBytes(StandardCharsets.US_ASCII));
            written = last;
        }
        return last.text();
    }

    /**
     * Reads any timestamp.
     *
     * @throws DateTimeException if it is none
     */
    static Instant parse(String text) {
        return OffsetDateTime.parse(text).toInstant();
    }

    /** Reads one in UTC out of a message, with a fraction of the second or without; null if it is of another form. */
    @Nullable
    Instant read(Message message, int from, int to) {
        int fraction = from + SECONDS_LENGTH;
        if (to <= fraction || message.bytes()[message.offset() + to - 1] != 'Z') {
            return null;
        }
        Second known = second(message, from);
        int nanos = to - 1 == fraction ? 0 : nanos(message, fraction, to - 1);
        return known == null || nanos < 0 ? null : Instant.ofEpochSecond(known.epochSecond(), nanos);
    }

    private @Nullable Second second(Message message, int from) {
        Second known = second;
        if (known.text().length > 0 && message.hasAt(from, known.text())) {
            return known;
        }
        int begin = message.offset() + from;
        byte[] text = Arrays.copyOfRange(message.bytes(), begin, begin + SECONDS_LENGTH);
        try {
            Instant time = parse(new String(text, StandardCharsets.ISO_8859_1) + "Z");
            if (time.getNano() != 0) {
                return null;
            }
            second = new Second(text, time.getEpochSecond());
            return second;
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** The nanoseconds of a fraction with its point; negative if it is none. */
    private static int nanos(Message message, int point, int to) {
        int digits = to - point - 1;
        if (message.bytes()[message.offset() + point] != '.' || digits < 1 || digits > NANO_DIGITS) {
            return -1;
        }
        long nanos = message.number(point + 1, to);
        for (int i = digits; nanos > 0 && i < NANO_DIGITS; i++) {
            nanos *= 10;
        }
        return (int) nanos;
    }
}
