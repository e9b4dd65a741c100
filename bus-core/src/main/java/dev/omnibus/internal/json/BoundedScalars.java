package dev.omnibus.internal.json;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.BeanProperty;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.KeyDeserializer;
import com.fasterxml.jackson.databind.annotation.JacksonStdImpl;
import com.fasterxml.jackson.databind.deser.AbstractDeserializer;
import com.fasterxml.jackson.databind.deser.BeanDeserializerBase;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.deser.impl.UnsupportedTypeDeserializer;
import com.fasterxml.jackson.databind.deser.std.DelegatingDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.ArrayType;
import com.fasterxml.jackson.databind.type.ReferenceType;
import com.fasterxml.jackson.databind.util.ClassUtil;
import com.fasterxml.jackson.databind.util.StdDateFormat;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.Charset;
import java.text.ParseException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.Year;
import java.time.ZonedDateTime;
import java.util.Calendar;
import java.util.Currency;
import java.util.Date;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TimeZone;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A strict deserializer of scalars: refuses strings and numbers that would have to be changed or guessed at: what is
 * out of range, short to write and huge to work with, or empty, and numbers for times, which have no unit.
 */
@JacksonStdImpl // otherwise it behaves like the one that it wraps
final class BoundedScalars extends DelegatingDeserializer {

    private static final long serialVersionUID = 1L;

    private static final int MAX_SCALE = Json.LARGEST_EXPONENT + Json.NUMBER_DIGITS;

    private static final Pattern NUMBER =
            Pattern.compile("[+-]?+(?:[0-9]++(?:\\.[0-9]*+)?+|\\.[0-9]++)(?:[eE][+-]?+[0-9]++)?+");

    private static final Set<String> NOT_FINITE =
            Set.of("NaN", "Infinity", "+Infinity", "-Infinity", "INF", "+INF", "-INF");

    private static final Set<Class<?>> OPTIONAL_NUMBERS =
            Set.of(OptionalInt.class, OptionalLong.class, OptionalDouble.class);

    /** Types that Jackson also reads from a string with a number. */
    private static final Set<Class<?>> INSTANTS = Set.of(Instant.class, OffsetDateTime.class, ZonedDateTime.class);

    private static final Set<Class<?>> NEVER_EMPTY =
            Set.of(Boolean.class, AtomicBoolean.class, UUID.class, Currency.class, Charset.class, TimeZone.class);

    private enum Kind {
        NUMBER,
        NUMBERS,
        TIME,
        NEVER_EMPTY
    }

    private final Class<?> type;
    private final Kind kind;

    private BoundedScalars(JsonDeserializer<?> delegatee, Class<?> type, Kind kind) {
        super(delegatee);
        this.type = type;
        this.kind = kind;
    }

    static SimpleModule module() {
        return new SimpleModule("omnibus-scalars")
                .addKeyDeserializer(BigDecimal.class, new Key(BigDecimal.class, BigDecimal::new))
                .addKeyDeserializer(Byte.class, new Key(Byte.class, Byte::valueOf))
                .addKeyDeserializer(Float.class, new Key(Float.class, Float::valueOf))
                .addKeyDeserializer(Double.class, new Key(Double.class, Double::valueOf))
                .setDeserializerModifier(new Modifier());
    }

    private static final class Modifier extends BeanDeserializerModifier {

        private static final long serialVersionUID = 1L;

        @Override
        public JsonDeserializer<?> modifyDeserializer(
                DeserializationConfig config, BeanDescription description, JsonDeserializer<?> deserializer) {
            return bounded(description.getBeanClass(), deserializer);
        }

        @Override
        public JsonDeserializer<?> modifyReferenceDeserializer(
                DeserializationConfig config,
                ReferenceType reference,
                BeanDescription description,
                JsonDeserializer<?> deserializer) {
            return bounded(reference.getRawClass(), deserializer);
        }

        @Override
        public JsonDeserializer<?> modifyArrayDeserializer(
                DeserializationConfig config,
                ArrayType array,
                BeanDescription description,
                JsonDeserializer<?> deserializer) {
            Class<?> element = array.getContentType().getRawClass();
            return element.isPrimitive() && element != boolean.class && element != char.class
                    ? new BoundedScalars(deserializer, ClassUtil.wrapperType(element), Kind.NUMBERS)
                    : deserializer;
        }

        private static JsonDeserializer<?> bounded(Class<?> raw, JsonDeserializer<?> plain) {
            if (plain instanceof BeanDeserializerBase
                    || plain instanceof AbstractDeserializer
                    || plain instanceof UnsupportedTypeDeserializer) {
                return plain; // not a scalar of Jackson's
            }
            Class<?> type = raw.isPrimitive() && raw != void.class ? ClassUtil.wrapperType(raw) : raw;
            boolean known = type.getName().startsWith("java.");
            if ((known && Number.class.isAssignableFrom(type)) || OPTIONAL_NUMBERS.contains(type)) {
                return new BoundedScalars(plain, type, Kind.NUMBER);
            }
            if (type == Year.class || NEVER_EMPTY.contains(type)) {
                return new BoundedScalars(plain, type, Kind.NEVER_EMPTY);
            }
            return type.getPackageName().equals("java.time") || (known && isLegacy(type))
                    ? new BoundedScalars(plain, type, Kind.TIME)
                    : plain;
        }
    }

    private static final class Key extends KeyDeserializer {

        private final Class<?> type;
        private final Function<String, Object> reads;

        Key(Class<?> type, Function<String, Object> reads) {
            this.type = type;
            this.reads = reads;
        }

        @Override
        public @Nullable Object deserializeKey(String key, DeserializationContext context) throws IOException {
            try {
                Object number = isNumber(key, type) ? reads.apply(key) : null;
                if (number != null && isBounded(number)) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // refused as well
            }
            return context.handleWeirdKey(type, key, "not a valid number");
        }
    }

    /** Checks the elements of an array of primitives, which have no deserializer of their own. */
    private static final class Elements extends JsonParserDelegate {

        private final Class<?> type;

        Elements(JsonParser parser, Class<?> type) {
            super(parser);
            this.type = type;
        }

        @Override
        public String getText() throws IOException {
            String text = delegate.getText();
            if (delegate.hasToken(JsonToken.VALUE_STRING) && !isNumber(text.trim(), type)) {
                throw new InputCoercionException(
                        delegate, "A text that is not a valid " + type, JsonToken.VALUE_STRING, type);
            }
            return text;
        }
    }

    private static boolean isBounded(@Nullable Object value) {
        return !(value instanceof BigDecimal number) || Math.abs((long) number.scale()) <= MAX_SCALE;
    }

    /**
     * Returns whether a text is a number as in JSON, with a leading plus or zeros allowed, and in the range of its
     * type.
     */
    private static boolean isNumber(String text, Class<?> type) {
        if (NOT_FINITE.contains(text)) {
            return true; // the type decides whether it has these
        }
        if (!NUMBER.matcher(text).matches()) {
            return false;
        }
        if (type == Byte.class) { // Jackson reads 128 to 255 as negative numbers
            double value = Double.parseDouble(text);
            return value == (byte) value;
        }
        if (type == Double.class || type == OptionalDouble.class) {
            return !Double.isInfinite(Double.parseDouble(text));
        }
        return type != Float.class || !Float.isInfinite(Float.parseFloat(text));
    }

    @Override
    protected JsonDeserializer<?> newDelegatingInstance(JsonDeserializer<?> newDelegatee) {
        return new BoundedScalars(newDelegatee, type, kind);
    }

    /** Leaves a time to its deserializer if an annotation declares its format, which may be a number. */
    @Override
    public JsonDeserializer<?> createContextual(DeserializationContext context, @Nullable BeanProperty property)
            throws JsonMappingException {
        JsonDeserializer<?> contextual = super.createContextual(context, property);
        JsonFormat.Value format = kind == Kind.TIME ? findFormatOverrides(context, property, type) : null;
        boolean declared = format != null && (format.hasPattern() || format.hasShape());
        return declared && contextual.getDelegatee() != null ? contextual.getDelegatee() : contextual;
    }

    @Override
    public @Nullable Object deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        JsonToken token = parser.currentToken();
        if (kind == Kind.NUMBERS) {
            return super.deserialize(token == JsonToken.START_ARRAY ? new Elements(parser, type) : parser, context);
        }
        if (kind == Kind.TIME && token.isNumeric()) {
            return context.reportInputMismatch(this, "a number, which has no unit, for a time");
        }
        String text = token == JsonToken.VALUE_STRING ? parser.getText().trim() : null;
        if (text != null && !isText(text)) {
            return context.reportInputMismatch(this, "a text that is not a valid %s", type);
        }
        Object value = super.deserialize(parser, context);
        if (!isBounded(value)) {
            return context.reportInputMismatch(this, "a number with too large an exponent");
        }
        if (text != null && value instanceof TimeZone zone && isAnother(zone, text)) {
            return context.reportInputMismatch(this, "an unknown time zone, which the JDK would read as GMT");
        }
        return value;
    }

    private boolean isText(String text) {
        if (kind == Kind.NUMBER) {
            return isNumber(text, type);
        }
        if (text.isEmpty() || text.equals("null")) { // Jackson reads it as null
            return false;
        }
        boolean legacy = isLegacy(type);
        boolean number =
                (legacy || INSTANTS.contains(type)) && NUMBER.matcher(text).matches();
        return !number && (!legacy || isDay(text));
    }

    private static boolean isLegacy(Class<?> type) {
        return Date.class.isAssignableFrom(type) || Calendar.class.isAssignableFrom(type);
    }

    /** Returns whether a date exists: the legacy classes read the 30th of February as the 2nd of March. */
    private static boolean isDay(String text) {
        if (text.startsWith("-") || text.startsWith("+")) {
            return true; // in strict mode there are no years before the first one
        }
        try {
            return new StdDateFormat().withLenient(false).parse(text) != null; // a new one, as it is not thread-safe
        } catch (ParseException e) {
            return false;
        }
    }

    private static boolean isAnother(TimeZone zone, String text) {
        return zone.getID().equals("GMT") && !text.startsWith("GMT");
    }
}
