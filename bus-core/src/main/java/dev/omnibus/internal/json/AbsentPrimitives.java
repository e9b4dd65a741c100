package dev.omnibus.internal.json;

import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.deser.BeanDeserializerBuilder;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.deser.NullValueProvider;
import com.fasterxml.jackson.databind.deser.SettableBeanProperty;
import com.fasterxml.jackson.databind.util.AccessPattern;
import com.fasterxml.jackson.databind.util.ClassUtil;
import org.jspecify.annotations.Nullable;

/**
 * A deserializer modifier that distinguishes absent primitives from null. A record with a new component can read what
 * was written before it had that; a null, which no record can have written, is an error. Jackson 2 treats both alike in
 * constructors.
 */
final class AbsentPrimitives extends BeanDeserializerModifier {

    private static final long serialVersionUID = 1L;

    @Override
    public BeanDeserializerBuilder updateBuilder(
            DeserializationConfig config, BeanDescription description, BeanDeserializerBuilder builder) {
        SettableBeanProperty[] parameters = builder.getValueInstantiator().getFromObjectArguments(config);
        if (parameters != null) {
            for (int i = 0; i < parameters.length; i++) {
                SettableBeanProperty parameter = parameters[i];
                if (parameter.getType().isPrimitive()) {
                    SettableBeanProperty lenient = parameter.withNullProvider(new Absent(parameter.getType()));
                    parameters[i] = lenient;
                    builder.addOrReplaceProperty(lenient, true);
                }
            }
        }
        return builder;
    }

    private record Absent(JavaType type) implements NullValueProvider {

        @Override
        public @Nullable Object getNullValue(DeserializationContext context) throws JsonMappingException {
            return context.reportInputMismatch(type, "A %s cannot be null", type.getRawClass());
        }

        @Override
        public @Nullable Object getAbsentValue(DeserializationContext context) {
            return ClassUtil.defaultValue(type.getRawClass());
        }

        @Override
        public AccessPattern getNullAccessPattern() {
            return AccessPattern.DYNAMIC;
        }
    }
}
