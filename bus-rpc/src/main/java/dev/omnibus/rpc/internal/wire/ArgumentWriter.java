package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.json.ValueWriter;
import dev.omnibus.rpc.NamedParams;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the arguments of one method, by the types of its parameters if they are known. Thread-safe. */
public final class ArgumentWriter {

    private final ObjectWriter byClass;
    private final boolean known;
    private final List<ValueWriter> writers; // none if the classes of the arguments tell all

    /**
     * Prepares the writing.
     *
     * @param types of the parameters; empty if they are not known, and then each argument is written as what it is
     */
    ArgumentWriter(ObjectMapper json, List<? extends Type> types) {
        this.byClass = json.writer();
        this.known = !types.isEmpty();
        List<ValueWriter> all =
                types.stream().map(type -> ValueWriter.of(json, type)).toList();
        this.writers = all.stream().allMatch(ValueWriter::isByClass) ? List.of() : all;
    }

    /**
     * Writes arguments once, for as many attempts as it takes.
     *
     * @throws IllegalArgumentException if one of them cannot be written
     */
    public byte[] write(String method, @Nullable Object[] arguments) {
        try {
            if (arguments.length == 1 && arguments[0] instanceof NamedParams named) {
                return byName(named);
            }
            if (writers.size() == arguments.length && arguments.length > 0) {
                return eachByItsType(arguments);
            }
            return known || areSimple(arguments) ? Json.write(byClass, arguments) : eachByItsClass(arguments);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "The arguments of " + method + " cannot be written as JSON: " + Json.unwritable(e), e);
        }
    }

    private static boolean areSimple(@Nullable Object[] arguments) {
        for (Object argument : arguments) {
            if (!(argument == null
                    || argument instanceof String
                    || argument instanceof Number
                    || argument instanceof Boolean)) {
                return false;
            }
        }
        return true;
    }

    /** As an element of an array it would not say which of several classes it is. */
    private byte[] eachByItsClass(@Nullable Object[] arguments) throws JsonProcessingException {
        return Json.write(byClass, out -> {
            out.writeStartArray();
            for (Object argument : arguments) {
                byClass.writeValue(out, argument);
            }
            out.writeEndArray();
        });
    }

    private byte[] byName(NamedParams named) throws JsonProcessingException {
        return Json.write(byClass, out -> {
            out.writeStartObject();
            for (Map.Entry<String, ?> param : named.values().entrySet()) {
                out.writeFieldName(param.getKey());
                byClass.writeValue(out, param.getValue());
            }
            out.writeEndObject();
        });
    }

    private byte[] eachByItsType(@Nullable Object[] arguments) throws JsonProcessingException {
        return Json.write(byClass, out -> {
            out.writeStartArray();
            for (int i = 0; i < arguments.length; i++) {
                writers.get(i).write(arguments[i], out);
            }
            out.writeEndArray();
        });
    }
}
