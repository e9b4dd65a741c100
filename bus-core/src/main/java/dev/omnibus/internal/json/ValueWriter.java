package dev.omnibus.internal.json;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializerProvider;
import java.io.IOException;
import java.lang.reflect.Type;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A writer for values of one declared type, which are read as the same type: a list of shapes includes the type of each
 * element, which the class of the list alone would not. Created once, because that takes longer than writing a small
 * value. Public for layers. Thread-safe.
 */
public final class ValueWriter {

    private final ObjectMapper json;
    private final JavaType type;
    private final boolean byClass;
    private final ObjectWriter writer;

    private ValueWriter(ObjectMapper json, JavaType type) {
        this.json = json;
        this.type = type;
        this.byClass = isDefinedByClass(type, json.getSerializerProviderInstance());
        this.writer = byClass ? json.writer() : json.writerFor(type);
    }

    /**
     * Creates a writer.
     *
     * @param json writes JSON
     * @param type the declared type of the values
     * @return the writer
     */
    public static ValueWriter of(ObjectMapper json, Type type) {
        return new ValueWriter(json, json.constructType(type));
    }

    /** Returns whether the class of a value alone determines how it is written, whatever its declared type. */
    private static boolean isDefinedByClass(JavaType type, SerializerProvider types) {
        try {
            if (types.findTypeSerializer(type) != null) {
                return false; // type information is written
            }
        } catch (JsonMappingException e) {
            return false; // writing a value reports it
        }
        JavaType content = type.getContentType();
        List<JavaType> arguments = type.getBindings().getTypeParameters();
        return (content == null || isDefinedByClass(content, types))
                && arguments.stream().allMatch(argument -> argument.equals(type) || isDefinedByClass(argument, types));
    }

    /**
     * Returns whether the declared type makes no difference, so that values can be written together with others.
     *
     * @return true if the class of a value alone determines how it is written
     */
    public boolean isByClass() {
        return byClass;
    }

    /**
     * Writes a value.
     *
     * @param value of the declared type, or null
     * @return JSON
     * @throws JsonProcessingException if it cannot be written, or no reader would accept it
     */
    public byte[] write(@Nullable Object value) throws JsonProcessingException {
        return Json.write(writerFor(value), value);
    }

    /**
     * Writes a value among others.
     *
     * @param value of the declared type, or null
     * @param out the output
     * @throws IOException if it cannot be written, or no reader would accept it
     */
    public void write(@Nullable Object value, JsonGenerator out) throws IOException {
        writerFor(value).writeValue(out, value);
    }

    /**
     * Returns the writer for a value: a class that extends a generic one is written as what it is, like any other
     * class.
     */
    private ObjectWriter writerFor(@Nullable Object value) {
        if (byClass
                || value == null
                || value.getClass() == type.getRawClass()
                || type.isContainerType()
                || type.isReferenceType()
                || !type.hasGenericTypes()
                || !type.getRawClass().isInstance(value)) {
            return writer;
        }
        return json.writerFor(json.getTypeFactory().constructSpecializedType(type, value.getClass()));
    }
}
