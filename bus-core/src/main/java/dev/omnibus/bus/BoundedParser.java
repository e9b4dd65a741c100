package dev.omnibus.bus;

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
 * A parser that refuses numbers which are small to write and huge to hold, such as {@code 1e1000000000}, those that a
 * type could only take by changing them, and objects that have a member twice.
 *
 * <p>Jackson can look for doubled members, too, with a hash table for each object. Most objects have a few members, and
 * the texts of their names are the same objects each time: comparing them one by one costs a tenth of that.
 */
final class BoundedParser extends JsonParserDelegate {

    /** Beyond that, comparing them one by one is no longer cheap. */
    private static final int FEW_NAMES = 16;

    private String[] names = new String[8]; // of the open objects, one behind the other
    private int known; // so many
    private int[] begins = new int[4]; // where those of each open object begin, the innermost last
    private int open; // so many
    private @Nullable Map<Integer, Set<String>> many; // names of objects that have more than a few

    BoundedParser(JsonParser parser) {
        super(parser);
    }

    @Override
    public JsonToken nextToken() throws IOException {
        return checked(delegate.nextToken());
    }

    @Override
    public @Nullable String nextFieldName() throws IOException {
        String name = delegate.nextFieldName();
        checked(delegate.currentToken());
        return name;
    }

    @Override
    public JsonToken nextValue() throws IOException {
        JsonToken next = nextToken();
        return next == JsonToken.FIELD_NAME ? nextToken() : next;
    }

    @Override
    public JsonParser skipChildren() throws IOException {
        if (currentToken() == null || !currentToken().isStructStart()) {
            return this;
        }
        int depth = 1;
        while (depth > 0) {
            JsonToken next = nextToken();
            if (next == null) { // which the parser has refused already
                return this;
            }
            depth += next.isStructStart() ? 1 : next.isStructEnd() ? -1 : 0;
        }
        return this;
    }

    @SuppressWarnings("NullAway") // at the end there is none, which is not said of these methods
    private JsonToken checked(@Nullable JsonToken token) throws IOException {
        if (token != null) {
            switch (token) {
                case FIELD_NAME -> checkName(delegate.currentName());
                case START_OBJECT -> begin();
                case END_OBJECT -> end();
                case VALUE_NUMBER_FLOAT -> checkExponent();
                default -> {}
            }
        }
        return token;
    }

    private void begin() {
        if (open == begins.length) {
            begins = Arrays.copyOf(begins, 2 * open);
        }
        begins[open++] = known;
    }

    private void end() {
        if (many != null) {
            many.remove(open);
        }
        known = begins[--open];
    }

    @SuppressWarnings("ReferenceEquality") // nearly always it is the same one; else the texts are compared
    private void checkName(String name) throws IOException {
        if (open == 0) { // begun where this one only goes on
            return;
        }
        int first = begins[open - 1];
        if (known - first == FEW_NAMES) {
            checkAmongMany(name, first);
            return;
        }
        for (int i = first; i < known; i++) {
            if (names[i] == name || names[i].equals(name)) {
                throw twice();
            }
        }
        if (known == names.length) {
            names = Arrays.copyOf(names, 2 * known);
        }
        names[known++] = name;
    }

    private void checkAmongMany(String name, int first) throws IOException {
        if (many == null) {
            many = new HashMap<>();
        }
        Set<String> all = many.computeIfAbsent(
                open, depth -> new HashSet<>(Arrays.asList(names).subList(first, known)));
        if (!all.add(name)) {
            throw twice();
        }
    }

    private JsonParseException twice() {
        return new JsonParseException(delegate, Json.TWICE);
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

    /** Jackson takes 128 to 255 as well, and makes them negative. */
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
}
