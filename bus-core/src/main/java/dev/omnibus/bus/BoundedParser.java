package dev.omnibus.bus;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import java.io.IOException;

/**
 * A parser that refuses numbers which are small to write and huge to hold, such as {@code 1e1000000000}, and those that
 * a type could only take by changing them.
 */
final class BoundedParser extends JsonParserDelegate {

    BoundedParser(JsonParser parser) {
        super(parser);
    }

    @Override
    public JsonToken nextToken() throws IOException {
        return checked(delegate.nextToken());
    }

    @Override
    public JsonToken nextValue() throws IOException {
        return checked(delegate.nextValue());
    }

    @SuppressWarnings("NullAway") // at the end there is none, which is not said of these methods
    private JsonToken checked(JsonToken token) throws IOException {
        if (token == JsonToken.VALUE_NUMBER_FLOAT) {
            checkExponent();
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
