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
 * A writer of values of one declared type, for those who read them by the same type: a list of shapes says of each
 * element which shape it is, which the class of the list alone could not tell. Made once, because it takes longer than
 * to write a small value. Public for layers. Thread-safe.
 */
public final class ValueWriter {

    private final ObjectMapper json;
    private final JavaType type;
    private final boolean byClass;
    private final ObjectWriter writer;

    private ValueWriter(ObjectMapper json, JavaType type) {
        this.json = json;
        this.type = type;
        this.byClass = isToldByClass(type, json.getSerializerProviderInstance());
        this.writer = byClass ? json.writer() : json.writerFor(type);
    }

    /**
     * Prepares a writer.
     *
     * @param json how JSON is written
     * @param type what the values are declared to be
     * @return the writer
     */
    public static ValueWriter of(ObjectMapper json, Type type) {
        return new ValueWriter(json, json.constructType(type));
    }

    /** Whether the class of a value tells all that there is to tell, whatever it was declared to be. */
    private static boolean isToldByClass(JavaType type, SerializerProvider types) {
        try {
            if (types.findTypeSerializer(type) != null) {
                return false; // it says which of several classes it is
            }
        } catch (JsonMappingException e) {
            return false; // it is said when a value is written
        }
        JavaType content = type.getContentType();
        List<JavaType> arguments = type.getBindings().getTypeParameters();
        return (content == null || isToldByClass(content, types))
                && arguments.stream().allMatch(argument -> argument.equals(type) || isToldByClass(argument, types));
    }

    /**
     * Whether the declared type makes no difference, so that values can be written together with others.
     *
     * @return true if the class of a value tells all that there is to tell
     */
    public boolean isByClass() {
        return byClass;
    }

    /**
     * Writes a value.
     *
     * @param value of the declared type, or null
     * @return JSON
     * @throws JsonProcessingException if it cannot be written, or no reader would take it
     */
    public byte[] write(@Nullable Object value) throws JsonProcessingException {
        return Json.write(writerFor(value), value);
    }

    /**
     * Writes a value among others.
     *
     * @param value of the declared type, or null
     * @param out where it goes
     * @throws IOException if it cannot be written, or no reader would take it
     */
    public void write(@Nullable Object value, JsonGenerator out) throws IOException {
        writerFor(value).writeValue(out, value);
    }

    /** A class that extends a generic one is written as what it is, like any other class. */
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
