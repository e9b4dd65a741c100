package dev.omnibus.internal.json;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A strict parser: refuses numbers that are short to write and huge in memory, such as {@code 1e1000000000}, numbers
 * that a type could not represent, and objects with duplicate members.
 */
final class BoundedParser extends JsonParserDelegate {

    /** The message about a duplicate member; it quotes nothing. */
    static final String TWICE = "it has a member twice";

    private final DistinctNames names = new DistinctNames();

    BoundedParser(JsonParser parser) {
        super(parser);
    }

    @Override
    public JsonToken nextToken() throws IOException {
        return checked(delegate.nextToken());
    }

    @Override
    public JsonToken nextValue() throws IOException {
        JsonToken next = nextToken();
        return next == JsonToken.FIELD_NAME ? nextToken() : next;
    }

    @Override
    public JsonParser skipChildren() throws IOException {
        JsonToken current = currentToken();
        int depth = current != null && current.isStructStart() ? 1 : 0;
        while (depth > 0) {
            JsonToken next = nextToken();
            if (next == null) { // as at the end of a buffer; a source that ends here is refused
                return this;
            }
            depth += next.isStructStart() ? 1 : next.isStructEnd() ? -1 : 0;
        }
        return this;
    }

    @SuppressWarnings("NullAway") // the result is null at the end, which these methods do not declare
    private JsonToken checked(@Nullable JsonToken token) throws IOException {
        if (token != null) {
            switch (token) {
                case FIELD_NAME -> {
                    if (!names.add(delegate.currentName())) {
                        throw new JsonParseException(delegate, TWICE);
                    }
                }
                case START_OBJECT -> names.begin();
                case END_OBJECT -> names.end();
                case VALUE_NUMBER_FLOAT -> checkExponent();
                default -> {}
            }
        }
        return token;
    }

    private void checkExponent() throws IOException {
        char[] text = delegate.getTextCharacters();
        int end = delegate.getTextOffset() + delegate.getTextLength();
        for (int i = end - 1; i > delegate.getTextOffset(); i--) {
            if (text[i] == 'e' || text[i] == 'E') {
                checkExponent(text, i + 1, end);
                return;
            }
        }
    }

    private static void checkExponent(char[] text, int from, int to) throws IOException {
        long exponent = 0;
        for (int i = from; i < to; i++) {
            boolean sign = text[i] == '-' || text[i] == '+';
            exponent = sign ? 0 : Math.min(exponent * 10 + (text[i] - '0'), Integer.MAX_VALUE);
        }
        if (exponent > Json.LARGEST_EXPONENT) {
            throw new StreamConstraintsException(
                    "Number exponent (" + exponent + ") exceeds the maximum allowed (" + Json.LARGEST_EXPONENT + ")");
        }
    }

    /** Refuses 128 to 255, which Jackson accepts and makes negative. */
    @Override
    public byte getByteValue() throws IOException {
        int value = delegate.getIntValue();
        if (value != (byte) value) {
            throw misfit(byte.class);
        }
        return (byte) value;
    }

    @Override
    public float getFloatValue() throws IOException {
        float value = delegate.getFloatValue();
        if (Float.isInfinite(value)) {
            throw misfit(float.class);
        }
        return value;
    }

    @Override
    public double getDoubleValue() throws IOException {
        double value = delegate.getDoubleValue();
        if (Double.isInfinite(value)) {
            throw misfit(double.class);
        }
        return value;
    }

    @Override
    public Number getNumberValue() throws IOException {
        Number value = delegate.getNumberValue();
        if (value instanceof Double number && number.isInfinite()) {
            throw misfit(double.class);
        }
        return value;
    }

    private InputCoercionException misfit(Class<?> type) {
        return new InputCoercionException(delegate, "A number out of the range of " + type, currentToken(), type);
    }

    /**
     * The names of the members of all open objects.
     *
     * <p>Jackson's own duplicate detection needs a hash table for each object. Most objects have few members, and
     * comparing them one by one makes no garbage.
     *
     * <p>What was buffered until its class was known may begin in the middle of an object. Its names were compared when
     * it was read for the first time.
     */
    private static final class DistinctNames {

        /** The number of names up to which comparing them one by one is cheap. */
        private static final int FEW = 16;

        private static final String[] NONE = {};

        private @Nullable String[] stack = NONE; // for each open object null, followed by its first names
        private int size;
        private @Nullable Map<Integer, Set<String>> further; // further names of an object, by the size of the stack

        void begin() {
            push(null);
        }

        void end() {
            if (further != null) {
                further.remove(size);
            }
            while (size > 0 && stack[--size] != null) {
                stack[size] = null;
            }
        }

        /** Returns false if the innermost object has it already. */
        boolean add(String name) {
            if (size == 0) {
                return true;
            }
            int hash = name.hashCode(); // strings cache it
            int begin = size - 1;
            for (String other = stack[begin]; other != null; other = stack[--begin]) {
                if (other.hashCode() == hash && other.equals(name)) {
                    return false;
                }
            }
            if (size - begin <= FEW) {
                push(name);
                return true;
            }
            if (further == null) {
                further = new HashMap<>();
            }
            return further.computeIfAbsent(size, any -> new HashSet<>()).add(name);
        }

        private void push(@Nullable String next) {
            if (size == stack.length) {
                stack = Arrays.copyOf(stack, Math.max(8, 2 * size));
            }
            stack[size++] = next;
        }
    }
}
