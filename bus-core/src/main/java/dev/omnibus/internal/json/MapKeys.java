package dev.omnibus.internal.json;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;
import com.fasterxml.jackson.databind.ser.std.StdKeySerializers;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;

/**
 * Refuses to write the keys of maps of which nothing says what text they are. Jackson takes their {@code toString},
 * which was made for people: no reader could make them of it again.
 */
final class MapKeys extends BeanSerializerModifier {

    private static final long serialVersionUID = 1L;

    @Override
    public JsonSerializer<?> modifyKeySerializer(
            SerializationConfig config, JavaType type, BeanDescription description, JsonSerializer<?> serializer) {
        if (!(serializer instanceof StdKeySerializers.Default) || type.isPrimitive()) {
            return serializer; // somebody says it
        }
        if (type.isAbstract() && !type.isArrayType()) {
            return new StdKeySerializers.Dynamic(); // the class of each key tells
        }
        return type.isRecordType() || type.isContainerType() || type.isReferenceType() || isForPeople(type)
                ? new Refusal(type)
                : serializer;
    }

    /** Whether its text is its class and a number. */
    private static boolean isForPeople(JavaType type) {
        try {
            return type.getRawClass().getMethod("toString").getDeclaringClass() == Object.class;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    private static final class Refusal extends StdSerializer<Object> {

        private static final long serialVersionUID = 1L;

        private final transient String problem;

        Refusal(JavaType type) {
            super(Object.class);
            problem = DecodableTypes.keyWithoutText(type);
        }

        @Override
        public void serialize(Object key, JsonGenerator out, SerializerProvider provider) throws IOException {
            throw new Json.Unwritable(problem, out);
        }
    }
}
