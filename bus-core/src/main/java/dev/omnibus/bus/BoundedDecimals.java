package dev.omnibus.bus;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.KeyDeserializer;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.deser.std.DelegatingDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Refuses decimals that are small to write and huge to work with, where they come as texts, which no parser bounds; and
 * those that are no time, of which Jackson makes the year 1970.
 */
final class BoundedDecimals extends DelegatingDeserializer {

    private static final long serialVersionUID = 1L;

    private static final Set<Class<?>> TIMES =
            Set.of(Instant.class, OffsetDateTime.class, ZonedDateTime.class, Duration.class);
    private static final int MAX_SCALE = Json.LARGEST_EXPONENT + Json.NUMBER_DIGITS;
    private static final int SECONDS_DIGITS = 19;

    private BoundedDecimals(JsonDeserializer<?> delegatee) {
        super(delegatee);
    }

    static SimpleModule module() {
        return new SimpleModule("omnibus-decimals")
                .addKeyDeserializer(BigDecimal.class, new Key())
                .setDeserializerModifier(new Modifier());
    }

    private static final class Modifier extends BeanDeserializerModifier {

        private static final long serialVersionUID = 1L;

        @Override
        public JsonDeserializer<?> modifyDeserializer(
                DeserializationConfig config, BeanDescription description, JsonDeserializer<?> deserializer) {
            Class<?> type = description.getBeanClass();
            return type == BigDecimal.class || TIMES.contains(type) ? new BoundedDecimals(deserializer) : deserializer;
        }
    }

    private static final class Key extends KeyDeserializer {

        @Override
        public @Nullable Object deserializeKey(String key, DeserializationContext context) throws IOException {
            try {
                BigDecimal number = new BigDecimal(key);
                if (isBounded(number)) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // refused as well
            }
            return context.handleWeirdKey(BigDecimal.class, key, "not a number that is allowed");
        }
    }

    private static boolean isBounded(BigDecimal number) {
        return Math.abs((long) number.scale()) <= MAX_SCALE;
    }

    @Override
    protected JsonDeserializer<?> newDelegatingInstance(JsonDeserializer<?> newDelegatee) {
        return new BoundedDecimals(newDelegatee);
    }

    @Override
    public @Nullable Object deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        boolean seconds = parser.currentToken() == JsonToken.VALUE_NUMBER_FLOAT && handledType() != BigDecimal.class;
        if (seconds) {
            BigDecimal number = parser.getDecimalValue();
            if (number.precision() - (long) number.scale() > SECONDS_DIGITS) {
                return context.reportInputMismatch(this, "more seconds than there are");
            }
        }
        Object value = super.deserialize(parser, context);
        if (value instanceof BigDecimal number && !isBounded(number)) {
            return context.reportInputMismatch(this, "a number with too large an exponent");
        }
        return value;
    }
}
