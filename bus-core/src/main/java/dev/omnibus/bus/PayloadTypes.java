package dev.omnibus.bus;

import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.AbstractDeserializer;
import com.fasterxml.jackson.databind.deser.DefaultDeserializationContext;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.ser.BeanSerializer;
import com.fasterxml.jackson.databind.ser.impl.UnknownSerializer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Says which classes can be what an event carries: a mistake of the program is told where it is made, and not by
 * dropping each event. Thread-safe.
 */
final class PayloadTypes {

    private static final int MAX_KNOWN = 10_000;

    private final ObjectMapper json;
    private final Set<Class<?>> writable = ConcurrentHashMap.newKeySet();

    PayloadTypes(ObjectMapper json) {
        this.json = json;
    }

    /**
     * Refuses to publish what holds no data: a lambda, or an object of the JDK that is none of its values.
     *
     * @throws IllegalArgumentException if it is such a thing
     */
    void requireWritable(Object data) {
        Class<?> type = data.getClass();
        if (writable.contains(type)) {
            return;
        }
        if (type.isHidden() || type.isSynthetic() || (Topic.isOfTheJdk(type) && isWrittenAsBean(type))) {
            throw new IllegalArgumentException("An object of " + type + " is no data that an event could carry:"
                    + " publish a record, a bean, a collection, a map, a text, a number or another value");
        }
        if (writable.size() < MAX_KNOWN) {
            writable.add(type);
        }
    }

    private boolean isWrittenAsBean(Class<?> type) {
        try {
            JsonSerializer<Object> writes = json.getSerializerProviderInstance().findValueSerializer(type);
            return writes instanceof BeanSerializer || writes instanceof UnknownSerializer;
        } catch (JsonMappingException e) {
            return false; // writing it will say what is wrong
        }
    }

    /**
     * Refuses to subscribe with a type of which no object could ever be made.
     *
     * @throws IllegalArgumentException if it is such a type
     */
    void requireReadable(JavaType type) {
        DeserializationConfig config = json.getDeserializationConfig();
        DefaultDeserializationContext context =
                ((DefaultDeserializationContext) json.getDeserializationContext()).createDummyInstance(config);
        try {
            JsonDeserializer<Object> reads = context.findRootValueDeserializer(type);
            boolean typed = config.findTypeDeserializer(type) != null;
            boolean open =
                    typed ? type.isAbstract() && !hasSubtypes(config, type) : reads instanceof AbstractDeserializer;
            if (open) {
                throw new IllegalArgumentException("Events cannot be read as " + type.toCanonical()
                        + ": it is abstract, and no @JsonSubTypes says what there is");
            }
        } catch (JsonMappingException e) {
            throw new IllegalArgumentException(
                    "Events cannot be read as " + type.toCanonical() + ": " + e.getOriginalMessage(), e);
        }
    }

    private static boolean hasSubtypes(DeserializationConfig config, JavaType type) throws JsonMappingException {
        AnnotatedClass annotated = config.introspect(type).getClassInfo();
        boolean hasDefault = config.findTypeDeserializer(type).getDefaultImpl() != null;
        return hasDefault
                || config.getSubtypeResolver().collectAndResolveSubtypesByTypeId(config, annotated).stream()
                        .anyMatch(subtype -> !subtype.getType().equals(type.getRawClass()));
    }
}
