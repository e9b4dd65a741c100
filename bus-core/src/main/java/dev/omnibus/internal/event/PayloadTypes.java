package dev.omnibus.internal.event;

import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ser.BeanSerializer;
import com.fasterxml.jackson.databind.ser.impl.UnknownSerializer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Says of which classes an event can carry something: a mistake of the program is told where it is made, and not by
 * dropping each event. Thread-safe.
 */
public final class PayloadTypes {

    private static final int MAX_KNOWN = 10_000;

    private final ObjectMapper json;
    private final Set<Class<?>> writable = ConcurrentHashMap.newKeySet();

    public PayloadTypes(ObjectMapper json) {
        this.json = json;
    }

    /**
     * Refuses to publish what holds no data: a lambda, or an object of the JDK that is none of its values.
     *
     * @throws IllegalArgumentException if it is such a thing
     */
    public void requireWritable(Object data) {
        Class<?> type = data.getClass();
        if (writable.contains(type)) {
            return;
        }
        if (type.isHidden() || type.isSynthetic() || (EventTypes.isOfTheJdk(type) && isWrittenAsBean(type))) {
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
}
