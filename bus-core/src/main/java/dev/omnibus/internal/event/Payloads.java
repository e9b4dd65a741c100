package dev.omnibus.internal.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.exc.InvalidDefinitionException;
import com.fasterxml.jackson.databind.ser.BeanSerializer;
import com.fasterxml.jackson.databind.ser.impl.UnknownSerializer;
import dev.omnibus.bus.PayloadCodec;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.DecodableTypes;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.json.TypeNames;
import dev.omnibus.internal.json.ValueWriter;
import java.io.IOException;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The codec of payloads, which are the end of an envelope: JSON as it is, and bytes and the output of a
 * {@link PayloadCodec} in base64. Thread-safe.
 */
public final class Payloads {

    /** How an envelope continues after its last attribute. */
    static final byte[] QUOTE_JSON_DATA = ascii("\",\"data\":");

    private static final byte[] NULL = ascii("null");
    private static final byte[] JSON_DATA = ascii(",\"data\":");
    private static final byte[] BYTES_DATA =
            ascii(",\"datacontenttype\":\"application/octet-stream\",\"data_base64\":");

    /** A payload as it goes into an envelope: the name of the member, and its value. */
    public record Written(byte[] member, byte[] value) {

        /** Returns whether it is JSON's null, which readers refuse: an empty Optional, for instance. */
        public boolean isNull() {
            return value.length == NULL.length && value[0] == NULL[0];
        }
    }

    /** A payload inside a message, not yet decoded. */
    record Unread(Message value, boolean base64, @Nullable String contentType) {

        /** Returns a copy without the rest of its frame. */
        Unread alone() {
            if (value.length() == value.bytes().length) {
                return this;
            }
            byte[] copy = Arrays.copyOfRange(value.bytes(), value.offset(), value.offset() + value.length());
            return new Unread(new Message(copy, 0, copy.length), base64, contentType);
        }
    }

    /** The type that a handler expects, resolved once, because that takes longer than reading a small payload. */
    public record Target(Type type, ObjectReader json) {

        /** Returns the name of the type, for messages. */
        public String name() {
            return type instanceof Class<?> plain ? plain.getSimpleName() : type.getTypeName();
        }
    }

    private final ObjectMapper json;
    private final @Nullable PayloadCodec codec;
    private final byte[] codecData;
    private final Types types;
    private final DecodableTypes decodable;
    private final ValueWriter byClass;

    public Payloads(ObjectMapper json, @Nullable PayloadCodec codec) {
        this.json = json;
        this.codec = codec;
        this.types = new Types(json);
        this.decodable = DecodableTypes.ofEvents(json);
        this.byClass = ValueWriter.of(json, Object.class);
        this.codecData = codec == null
                ? BYTES_DATA
                : ascii(",\"datacontenttype\":" + Json.quoted(codec.contentType()) + ",\"data_base64\":");
    }

    /**
     * Resolves a type.
     *
     * @throws IllegalArgumentException if no event can ever be read as this type, or not safely
     */
    public Target target(Type type) {
        JavaType full = json.constructType(type);
        if (codec == null) {
            decodable.checkOnce(full, () -> "Data of the type " + TypeNames.of(full));
        }
        return new Target(type, json.readerFor(full));
    }

    /** Returns a writer for the events of a typed topic. */
    public ValueWriter writer(Type type) {
        ValueWriter writer = ValueWriter.of(json, type);
        return writer.isByClass() ? byClass : writer;
    }

    public Written write(Object data) {
        return write(data, byClass);
    }

    public Written write(Object data, ValueWriter writer) {
        try {
            if (data instanceof byte[] bytes) {
                return new Written(BYTES_DATA, base64(bytes));
            }
            return codec == null
                    ? new Written(JSON_DATA, writer.write(data))
                    : new Written(codecData, base64(codec.write(data)));
        } catch (JsonProcessingException e) {
            boolean ofTypes = e instanceof InvalidDefinitionException; // its message quotes nothing
            throw unwritable(data, "JSON", ofTypes ? Json.unwritable(e) : Json.problem(e), e);
        } catch (IOException e) {
            throw unwritable(data, codec == null ? "JSON" : codec.contentType(), String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Refuses data that could not be read again.
     *
     * @throws IllegalArgumentException if there is no data, or an event cannot carry it
     */
    public void require(@Nullable Object data, String topic) {
        if (data == null) {
            throw nothing(topic, "null");
        }
        if (codec == null) {
            types.requireWritable(data);
        }
    }

    public static IllegalArgumentException nothing(String topic, String what) {
        return new IllegalArgumentException("An event on topic " + topic + " needs data, but its data is " + what
                + "; to publish an event without data, use an empty record");
    }

    private static IllegalArgumentException unwritable(Object data, String format, String problem, Exception cause) {
        return new IllegalArgumentException(
                "An event of " + data.getClass() + " cannot be written as " + format + ": " + problem, cause);
    }

    Object read(Unread payload, Target target) throws IOException {
        Message value = payload.value();
        Object data = payload.base64()
                ? readBytes(bytes(value), payload.contentType(), target)
                : Json.read(target.json(), value);
        if (data == null) {
            throw new IOException("its data is null");
        }
        return data;
    }

    private Object readBytes(byte[] bytes, @Nullable String contentType, Target target) throws IOException {
        if (target.type() == byte[].class) {
            return bytes;
        }
        if (isJson(contentType)) {
            return Json.read(target.json(), new Message(bytes, 0, bytes.length));
        }
        if (codec != null && codec.contentType().equalsIgnoreCase(contentType)) {
            return codec.read(bytes, target.type());
        }
        throw new IOException("its data is " + contentType + ", for which this bus has no codec");
    }

    /** Returns whether a content type is JSON, as an absent one is everywhere in CloudEvents. */
    private static boolean isJson(@Nullable String contentType) {
        if (contentType == null) {
            return true;
        }
        int parameters = contentType.indexOf(';');
        String type = (parameters < 0 ? contentType : contentType.substring(0, parameters))
                .trim()
                .toLowerCase(Locale.ROOT);
        return type.endsWith("/json") || type.endsWith("+json");
    }

    private byte[] bytes(Message value) throws IOException {
        byte[] bytes = json.readValue(value.bytes(), value.offset(), value.length(), byte[].class);
        if (bytes == null) {
            throw new IOException("its data is null");
        }
        return bytes;
    }

    private static byte[] base64(byte[] bytes) {
        byte[] text = Base64.getEncoder().encode(bytes);
        byte[] quoted = new byte[text.length + 2];
        quoted[0] = '"';
        System.arraycopy(text, 0, quoted, 1, text.length);
        quoted[quoted.length - 1] = '"';
        return quoted;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * A check of which classes an event can carry, so that a mistake of the program fails where it is made, and not by
     * dropping each event. Thread-safe.
     */
    public static final class Types {

        private static final int MAX_KNOWN = 10_000;

        private final ObjectMapper json;
        private final Set<Class<?>> writable = ConcurrentHashMap.newKeySet();

        public Types(ObjectMapper json) {
            this.json = json;
        }

        /**
         * Refuses to publish what holds no data: a lambda, or an object of the JDK that is not a value.
         *
         * @throws IllegalArgumentException if it is one
         */
        public void requireWritable(Object data) {
            Class<?> type = data.getClass();
            if (writable.contains(type)) {
                return;
            }
            if (type.isHidden() || type.isSynthetic() || (EventTypes.isOfTheJdk(type) && isWrittenAsBean(type))) {
                throw new IllegalArgumentException("An object of " + type + " is not data that an event can carry:"
                        + " publish a record, a bean, a collection, a map, a text, a number or another value");
            }
            if (writable.size() < MAX_KNOWN) {
                writable.add(type);
            }
        }

        private boolean isWrittenAsBean(Class<?> type) {
            try {
                JsonSerializer<Object> writes =
                        json.getSerializerProviderInstance().findValueSerializer(type);
                return writes instanceof BeanSerializer || writes instanceof UnknownSerializer;
            } catch (JsonMappingException e) {
                return false; // writing it will report what is wrong
            }
        }
    }
}
