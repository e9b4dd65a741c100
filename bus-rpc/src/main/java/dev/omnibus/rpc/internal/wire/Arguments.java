package dev.omnibus.rpc.internal.wire;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.internal.json.Json;
import dev.omnibus.internal.json.TypeNames;
import dev.omnibus.internal.json.ValueWriter;
import dev.omnibus.rpc.NamedParams;
import java.io.IOException;
import java.lang.reflect.Type;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the arguments of one method travel: written by its caller, and read where it is served. */
public final class Arguments {

    private Arguments() {}

    /** Writes the arguments of one method, by the types of its parameters if they are known. Thread-safe. */
    public static final class Writer {

        private final ObjectWriter byClass;
        private final boolean known;
        private final List<ValueWriter> writers; // none if the classes of the arguments are enough

        /**
         * Prepares the writing.
         *
         * @param types of the parameters; empty if they are not known, and then each argument is written as what it is
         */
        Writer(ObjectMapper json, List<? extends Type> types) {
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

        /** Each by its own class: as an element of an array it would not show which of several classes it is. */
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

    /** Reads the arguments of one method, given by position or by name. Thread-safe. */
    public static final class Reader {

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
        Reader(String method, ObjectMapper json, List<String> names, List<? extends Type> types) {
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
                    parser.skipChildren(); // of a newer caller
                }
            }
            if (given.cardinality() != readers.length) {
                throw new IOException(
                        "it takes the arguments " + names + " and got " + given.cardinality() + " of them");
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
                    throw e; // not of this argument alone, but of all that follows
                }
                throw misfit(index, TypeNames.misfit(e, reader.getValueType()), e);
            }
        }

        private IOException misfit(int index, String problem, @Nullable Exception cause) {
            String name = names.size() == readers.length ? " (" + names.get(index) + ")" : "";
            return new IOException("argument " + (index + 1) + name + " of " + method + " " + problem, cause);
        }
    }
}
