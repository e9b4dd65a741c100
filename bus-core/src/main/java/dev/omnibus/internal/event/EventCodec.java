package dev.omnibus.internal.event;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.channel.SequenceNumbers;
import dev.omnibus.internal.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The codec of events: CloudEvents 1.0 in the structured JSON format.
 *
 * <p>The part of the envelope that is the same for all events of a topic is prepared once. The sequence number follows
 * it, at a fixed offset and with a fixed number of digits, because it is written last, by the lane.
 *
 * @see <a href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md">The JSON format</a>
 */
public final class EventCodec {

    /** The type of a sequence marker, which is not an event but announces the last number of a silent topic. */
    public static final String MARKER = "dev.omnibus.mark";

    static final int SEQUENCE_DIGITS = 16;
    /** The beginning of every event, up to its source. */
    static final byte[] START = utf8("{\"specversion\":\"1.0\",\"source\":\"");

    static final byte[] SEQUENCE = utf8("\",\"sequence\":\"");
    static final byte[] ID = utf8("\",\"id\":\"");
    static final byte[] TIME = utf8("\",\"time\":\"");

    private static final Pattern ATTRIBUTE = Pattern.compile("[a-z][a-z0-9]{0,19}");
    private static final int MAX_NUMBER_LENGTH = 18; // digits that always fit a long
    private static final int MAX_ATTRIBUTE_LENGTH = 1_024; // of those that end up in reports and logs
    private static final int MAX_ATTRIBUTES = 64; // of others: small ones weigh far more in memory than on the wire
    private static final int MAX_ATTRIBUTE_CHARACTERS = 65_536; // of these together, with their names
    private static final Set<String> OWN_ATTRIBUTES =
            Set.of("specversion", "id", "source", "type", "subject", "time", "sequence", "data", "datacontenttype");
    private static final byte[] QUOTE = utf8("\"");

    private final int messageLimit;
    private final String source;
    private final AtomicLong lastId = new AtomicLong();
    private final Timestamps timestamps = new Timestamps();

    public EventCodec(int messageLimit, String node) {
        this.messageLimit = messageLimit;
        this.source = "/nodes/" + node;
    }

    /** Returns whether a text may be the type of an event. */
    public static boolean isEventType(String type) {
        return !type.isEmpty()
                && type.length() <= MAX_ATTRIBUTE_LENGTH
                && type.chars().noneMatch(Character::isISOControl)
                && !type.equals(MARKER);
    }

    String source() {
        return source;
    }

    /** Returns the codec of another publisher of this node, whose events are numbered on their own. */
    public EventCodec of(String publisher) {
        return new EventCodec(messageLimit, source.substring("/nodes/".length()) + "/" + publisher);
    }

    /** Returns how large a message may be. */
    public int messageLimit() {
        return messageLimit;
    }

    /** Returns the id in a message that {@link #write} has written with a prefix. */
    static String idOf(byte[] message, byte[] prefix) {
        Message written = new Message(message, 0, message.length);
        int id = prefix.length + SEQUENCE_DIGITS + ID.length;
        return written.text(id, written.endOfPlainText(id));
    }

    /** Returns the beginning of every event of a topic, up to its sequence number. */
    public byte[] prefix(String topic, String eventType) {
        byte[] head = head(source, eventType);
        byte[] subject = utf8(topic); // its characters need no escaping
        byte[] prefix = new byte[head.length + subject.length + SEQUENCE.length];
        int unused = put(prefix, put(prefix, put(prefix, 0, head), subject), SEQUENCE);
        return prefix;
    }

    /** Returns the beginning of every event of one source and type, up to the topic. */
    static byte[] head(String source, String eventType) {
        return utf8("{\"specversion\":\"1.0\",\"source\":" + Json.quoted(source) + ",\"type\":" + Json.quoted(eventType)
                + ",\"subject\":\"");
    }

    /** Returns how the events of a topic with this prefix are numbered. */
    public SequenceNumbers.Format numbering(String topic, byte[] prefix) {
        byte[] markPrefix = prefix(topic, MARKER);
        byte[] mark = utf8(
                new String(markPrefix, StandardCharsets.UTF_8) + "0".repeat(SEQUENCE_DIGITS) + "\",\"id\":\"mark\"}");
        return new SequenceNumbers.Format(prefix.length, SEQUENCE_DIGITS, mark, markPrefix.length);
    }

    /** Writes an event with room for its sequence number: the digits begin where the prefix ends. */
    public byte[] write(byte[] prefix, Map<String, String> attributes, Payloads.Written data) {
        return write(prefix, ascii(Long.toString(lastId.incrementAndGet())), attributes, data);
    }

    /** Writes an event with an id that somebody else has chosen, otherwise as the other one. */
    public byte[] write(byte[] prefix, String id, Map<String, String> attributes, Payloads.Written data) {
        String quoted = Json.quoted(id);
        return write(prefix, utf8(quoted.substring(1, quoted.length() - 1)), attributes, data);
    }

    private byte[] write(byte[] prefix, byte[] id, Map<String, String> attributes, Payloads.Written data) {
        byte[] time = timestamps.write(System.currentTimeMillis());
        byte[] more = attributes.isEmpty() ? new byte[0] : attributes(attributes);
        int length = prefix.length
                + SEQUENCE_DIGITS
                + ID.length
                + id.length
                + TIME.length
                + time.length
                + QUOTE.length
                + more.length
                + data.member().length
                + data.value().length
                + 1;
        byte[] message = new byte[length];
        int at = put(message, 0, prefix) + SEQUENCE_DIGITS;
        at = put(message, at, ID);
        at = put(message, at, id);
        at = put(message, at, TIME);
        at = put(message, at, time);
        at = put(message, at, QUOTE);
        at = put(message, at, more);
        at = put(message, at, data.member());
        at = put(message, at, data.value());
        message[at] = '}';
        return message;
    }

    /**
     * Reads an envelope, on the fast path if its publisher is known.
     *
     * @throws IOException if it is not JSON, or not an event; see the message
     */
    public Envelope read(String topic, Message message, EnvelopeCache known) throws IOException {
        if (message.length() <= messageLimit) {
            Envelope event = known.read(topic, message, timestamps);
            if (event != null) {
                return event;
            }
        }
        Envelope event = read(topic, message);
        known.learn(event, message);
        return event;
    }

    /**
     * Parses an envelope in full.
     *
     * @throws IOException if it is not JSON, or not an event; see the message
     */
    public Envelope read(String topic, Message message) throws IOException {
        if (message.length() > messageLimit) {
            throw new IOException("it has " + message.length() + " bytes; the limit is " + messageLimit);
        }
        Fields fields = new Fields();
        try (JsonParser parser = Json.envelope(message)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("it is not a JSON object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                fields.read(parser, message);
            }
            if (parser.nextToken() != null) {
                throw new IOException("it has trailing characters");
            }
        } catch (JsonProcessingException e) {
            throw new IOException(Json.problem(e), e);
        }
        return fields.envelope(topic, message.length());
    }

    /** The parser of one envelope, with what it has read so far. */
    private static final class Fields {

        private @Nullable String specversion;
        private @Nullable String id;
        private @Nullable String source;
        private @Nullable String type;
        private @Nullable String time;
        private @Nullable String sequence;
        private @Nullable String contentType;
        private @Nullable Message data;
        private boolean base64;
        private @Nullable Map<String, String> attributes;
        private int attributeCharacters;

        void read(JsonParser parser, Message message) throws IOException {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "specversion" -> specversion = text(parser, name, specversion);
                case "id" -> id = text(parser, name, id);
                case "source" -> source = text(parser, name, source);
                case "type" -> type = text(parser, name, type);
                case "time" -> time = text(parser, name, time);
                case "sequence" -> sequence = text(parser, name, sequence);
                case "datacontenttype" -> contentType = text(parser, name, contentType);
                case "subject" -> parser.skipChildren();
                case "data", "data_base64" -> data(parser, message, name);
                default -> attribute(name, Json.slice(parser, message), parser);
            }
        }

        private void data(JsonParser parser, Message message, String name) throws IOException {
            if (data != null) {
                throw new IOException("it has more than one data member");
            }
            base64 = name.equals("data_base64");
            if (base64 && parser.currentToken() != JsonToken.VALUE_STRING) {
                throw new IOException("its data_base64 is not a string");
            }
            data = Json.slice(parser, message);
        }

        private void attribute(String name, Message value, JsonParser parser) throws IOException {
            if (parser.currentToken() == JsonToken.VALUE_NULL) {
                return; // CloudEvents: the same as absent
            }
            if (attributes == null) {
                attributes = new LinkedHashMap<>();
            }
            String text = parser.currentToken().isScalarValue() ? parser.getText() : value.toString();
            attributeCharacters += name.length() + text.length();
            if (attributes.size() == MAX_ATTRIBUTES || attributeCharacters > MAX_ATTRIBUTE_CHARACTERS) {
                throw new IOException("it has more than " + MAX_ATTRIBUTES + " additional attributes, or more than "
                        + MAX_ATTRIBUTE_CHARACTERS + " characters in them");
            }
            if (attributes.put(name, text) != null) {
                throw new IOException("it has an attribute twice");
            }
        }

        private static @Nullable String text(JsonParser parser, String name, @Nullable String before)
                throws IOException {
            if (parser.currentToken() == JsonToken.VALUE_NULL) {
                return before; // CloudEvents: the same as absent
            }
            if (parser.currentToken() != JsonToken.VALUE_STRING) {
                throw new IOException("its attribute " + name + " is not a string");
            }
            if (before != null) {
                throw new IOException("it has the attribute " + name + " twice");
            }
            String text = parser.getText();
            if (text.length() > MAX_ATTRIBUTE_LENGTH) {
                throw new IOException("its attribute " + name + " has " + text.length() + " characters; the limit is "
                        + MAX_ATTRIBUTE_LENGTH);
            }
            for (int i = 0; i < text.length(); i++) {
                if (Character.isISOControl(text.charAt(i))) {
                    throw new IOException("its attribute " + name + " has control characters");
                }
            }
            return text;
        }

        Envelope envelope(String topic, int length) throws IOException {
            if (!"1.0".equals(specversion)) {
                throw new IOException("its specversion is " + (specversion == null ? "missing" : "not 1.0"));
            }
            if (id == null || source == null || type == null || id.isEmpty() || source.isEmpty() || type.isEmpty()) {
                throw new IOException("it lacks one of the attributes id, source and type");
            }
            if (data == null && !type.equals(MARKER)) {
                throw new IOException("it has no data");
            }
            Map<String, String> more = attributes == null ? Map.of() : Collections.unmodifiableMap(attributes);
            Payloads.Unread payload = data == null ? null : new Payloads.Unread(data, base64, contentType);
            return new Envelope(id, source, type, topic, instant(), number(), more, payload, length);
        }

        private Instant instant() throws IOException {
            if (time == null) {
                return Instant.now();
            }
            try {
                return Timestamps.parse(time);
            } catch (DateTimeException e) {
                throw new IOException("its time is not an RFC 3339 timestamp", e);
            }
        }

        /** Reads the sequence number; the extension allows any text, and 0 stands for one that is not a number. */
        private long number() {
            if (sequence == null || sequence.isEmpty() || sequence.length() > MAX_NUMBER_LENGTH) {
                return 0;
            }
            long number = 0;
            for (int i = 0; i < sequence.length(); i++) {
                int digit = sequence.charAt(i) - '0';
                if (digit < 0 || digit > 9) {
                    return 0;
                }
                number = number * 10 + digit;
            }
            return number;
        }
    }

    /** Returns the headers with those that were added to the program's own, if there is room for them. */
    public static Map<String, String> fitting(Map<String, String> all, Map<String, String> own) {
        boolean fits = all == own || (all.size() <= MAX_ATTRIBUTES && characters(all) <= MAX_ATTRIBUTE_CHARACTERS);
        return fits ? all : own;
    }

    private static int characters(Map<String, String> attributes) {
        return attributes.entrySet().stream()
                .mapToInt(entry -> entry.getKey().length() + entry.getValue().length())
                .sum();
    }

    private static byte[] attributes(Map<String, String> attributes) {
        int characters = characters(attributes);
        if (attributes.size() > MAX_ATTRIBUTES || characters > MAX_ATTRIBUTE_CHARACTERS) {
            throw new IllegalArgumentException("There are " + attributes.size() + " headers with " + characters
                    + " characters; the limit is " + MAX_ATTRIBUTES + " with " + MAX_ATTRIBUTE_CHARACTERS);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        attributes.forEach((name, value) -> {
            if (!ATTRIBUTE.matcher(name).matches() || OWN_ATTRIBUTES.contains(name)) {
                throw new IllegalArgumentException("The header \"" + name
                        + "\" must be 1 to 20 lower-case letters and digits, beginning with a letter, and not the"
                        + " name of a standard attribute");
            }
            out.writeBytes(utf8(",\"" + name + "\":" + Json.quoted(value)));
        });
        return out.toByteArray();
    }

    private static int put(byte[] message, int at, byte[] part) {
        System.arraycopy(part, 0, message, at, part.length);
        return at + part.length;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * A codec of RFC 3339 timestamps with two one-element caches: events come in bursts, so the last millisecond that
     * was written is remembered as text, and the last second that was read as a time. Thread-safe.
     */
    static final class Timestamps {

        private static final int SECONDS_LENGTH = "1970-01-01T00:00:00".length();
        private static final int NANO_DIGITS = 9;

        private record Written(long millis, byte[] text) {}

        private record Second(byte[] text, long epochSecond) {}

        private volatile Written written = new Written(-1, new byte[0]);
        private volatile Second second = new Second(new byte[0], 0);

        /** Returns a millisecond as text. */
        byte[] write(long millis) {
            Written last = written;
            if (last.millis() != millis) {
                last = new Written(
                        millis, Instant.ofEpochMilli(millis).toString().getBytes(StandardCharsets.US_ASCII));
                written = last;
            }
            return last.text();
        }

        /**
         * Reads any timestamp.
         *
         * @throws DateTimeException if it is not one
         */
        static Instant parse(String text) {
            return OffsetDateTime.parse(text).toInstant();
        }

        /**
         * Reads a timestamp in UTC from a message, with or without a fraction of the second; null if it has another
         * form.
         */
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

        /** Returns the nanoseconds of a fraction with its point; negative if it is not one. */
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
}
