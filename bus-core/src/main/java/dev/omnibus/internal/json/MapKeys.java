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
 * A serializer modifier that refuses keys of maps without a defined text form. Jackson uses their {@code toString},
 * which no reader could parse again.
 */
final class MapKeys extends BeanSerializerModifier {

    private static final long serialVersionUID = 1L;

    @Override
    public JsonSerializer<?> modifyKeySerializer(
            SerializationConfig config, JavaType type, BeanDescription description, JsonSerializer<?> serializer) {
        if (!(serializer instanceof StdKeySerializers.Default) || type.isPrimitive()) {
            return serializer; // the type defines its text form
        }
        if (type.isAbstract() && !type.isArrayType()) {
            return new StdKeySerializers.Dynamic(); // the class of each key decides
        }
        return type.isRecordType() || type.isContainerType() || type.isReferenceType() || hasDefaultToString(type)
                ? new Refusal(type)
                : serializer;
    }

    /** Returns whether its text is only its class and a hash code. */
    private static boolean hasDefaultToString(JavaType type) {
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
