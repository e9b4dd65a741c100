package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.json.TypeNames;
import java.io.IOException;
import java.lang.reflect.Type;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the arguments of one method, given by position or by name. Thread-safe. */
public final class ArgumentReader {

    private final String method;
    private final ObjectMapper json;
    private final List<String> names;
    private final ObjectReader[] readers;

    /**
     * Prepares the reading.
     *
     * @param method whose arguments they are
     * @param names of the parameters; empty if they are not known, and then arguments come by position only
     */
    ArgumentReader(String method, ObjectMapper json, List<String> names, List<? extends Type> types) {
        this.method = method;
        this.json = json;
        this.names = names;
        this.readers = new ObjectReader[types.size()];
        for (int i = 0; i < readers.length; i++) { // others follow behind an argument
            readers[i] = json.readerFor(json.constructType(types.get(i)))
                    .without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        }
    }

    /**
     * Reads the arguments.
     *
     * @throws IOException if they do not fit; the message may be shown to the caller
     * @throws Error if the program's own code is broken, which no caller can help
     */
    @Nullable
    public Object[] read(@Nullable Message params) throws IOException {
        @Nullable Object[] arguments = new Object[readers.length];
        if (params == null) {
            if (readers.length > 0) {
                throw new IOException("it takes " + readers.length + " arguments and got none");
            }
            return arguments;
        }
        try (JsonParser parser = Json.parser(json, params)) {
            if (parser.nextToken() == JsonToken.START_ARRAY) {
                byPosition(parser, arguments);
            } else if (parser.currentToken() == JsonToken.START_OBJECT) {
                byName(parser, arguments);
            } else {
                throw new IOException("its params are neither an array nor an object");
            }
        } catch (JsonProcessingException e) {
            throw new IOException("the arguments of " + method + " cannot be read: " + Json.problem(e), e);
        }
        return arguments;
    }

    private void byPosition(JsonParser parser, @Nullable Object[] arguments) throws IOException {
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (count < readers.length) {
                arguments[count] = argument(parser, count);
            } else {
                parser.skipChildren();
            }
            count++;
        }
        if (count != readers.length) {
            throw new IOException("it takes " + readers.length + " arguments and got " + count);
        }
    }

    private void byName(JsonParser parser, @Nullable Object[] arguments) throws IOException {
        if (names.size() != readers.length) {
            throw new IOException("the names of its parameters are not known here; give the arguments by position");
        }
        BitSet given = new BitSet();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            int index = names.indexOf(parser.currentName());
            parser.nextToken();
            if (index >= 0) {
                arguments[index] = argument(parser, index);
                given.set(index);
            } else {
                parser.skipChildren(); // of a caller who knows more
            }
        }
        if (given.cardinality() != readers.length) {
            throw new IOException("it takes the arguments " + names + " and got " + given.cardinality() + " of them");
        }
    }

    private @Nullable Object argument(JsonParser parser, int index) throws IOException {
        ObjectReader reader = readers[index];
        try {
            if (parser.currentToken() == JsonToken.VALUE_NULL
                    && reader.getValueType().isPrimitive()) {
                throw misfit(index, "does not fit " + TypeNames.of(reader.getValueType()) + " at $", null);
            }
            return reader.readValue(parser);
        } catch (JsonProcessingException | RuntimeException e) { // the program's own constructors are called here
            Error broken = Json.causeOf(e, Error.class);
            if (broken != null) {
                throw broken;
            }
            if (Json.causeOf(e, JsonParseException.class) != null) {
                throw e; // it is none of this argument, but of all that follows
            }
            throw misfit(index, TypeNames.misfit(e, reader.getValueType()), e);
        }
    }

    private IOException misfit(int index, String problem, @Nullable Exception cause) {
        String name = names.size() == readers.length ? " (" + names.get(index) + ")" : "";
        return new IOException("argument " + (index + 1) + name + " of " + method + " " + problem, cause);
    }
}
