package dev.omnibus.internal.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.util.JsonGeneratorDelegate;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.regex.Pattern;

/**
 * A generator that refuses the numbers, names and raw values that a reader of the bus would refuse, so that the writer
 * gets the error.
 */
final class BoundedGenerator extends JsonGeneratorDelegate {

    /** Numbers with at most this many bits cannot have more digits than allowed. */
    private static final int FEW_BITS = 16_600;

    /** Below this exponent, a decimal is written in scientific notation: see {@link BigDecimal#toString}. */
    private static final int MIN_PLAIN_EXPONENT = -6;

    private static final Pattern NUMBER =
            Pattern.compile("-?+(?:0|[1-9][0-9]*+)(?:\\.[0-9]++)?+(?:[eE][+-]?+[0-9]{1,9})?+");

    private final JsonFactory factory;

    /**
     * Wraps a generator.
     *
     * @param factory parses raw values
     */
    BoundedGenerator(JsonGenerator generator, JsonFactory factory) {
        super(generator, false); // values within an object go through here, too
        this.factory = factory;
    }

    @Override
    public void writeFieldName(String name) throws IOException {
        checkName(name);
        if (hasUnpairedSurrogate(name)) { // it is accepted in values, but not in keys
            throw new Json.Unwritable("a key in it has an unpaired surrogate", this);
        }
        super.writeFieldName(name);
    }

    private static boolean hasUnpairedSurrogate(String name) {
        for (int i = 0; i < name.length(); i++) {
            if (Character.isSurrogate(name.charAt(i))) {
                boolean whole = i + 1 < name.length() && Character.isSurrogatePair(name.charAt(i), name.charAt(i + 1));
                if (!whole) {
                    return true;
                }
                i++;
            }
        }
        return false;
    }

    @Override
    public void writeFieldName(SerializableString name) throws IOException {
        checkName(name.getValue());
        super.writeFieldName(name);
    }

    private static void checkName(String name) throws IOException {
        require("Name length", name.length(), Json.NAME_LENGTH);
    }

    @Override
    public void writeNumber(BigInteger value) throws IOException {
        if (value.bitLength() > FEW_BITS) {
            require("Number value length", value.abs().toString().length(), Json.NUMBER_DIGITS);
        }
        super.writeNumber(value);
    }

    @Override
    public void writeNumber(BigDecimal value) throws IOException {
        requireBounded(value);
        super.writeNumber(value);
    }

    private static void requireBounded(BigDecimal value) throws IOException {
        int scale = value.scale();
        long digits = value.precision();
        long exponent = digits - scale - 1;
        if (scale >= 0 && exponent >= MIN_PLAIN_EXPONENT) {
            require("Number value length", Math.max(digits, scale + 1L), Json.NUMBER_DIGITS);
        } else {
            require("Number exponent", Math.abs(exponent), Json.LARGEST_EXPONENT);
            require("Number value length", digits + Json.EXPONENT_DIGITS, Json.NUMBER_DIGITS);
        }
    }

    /** Writes a raw number, or the {@code toString} of an unknown class of numbers, such as {@code 1/2}. */
    @Override
    public void writeNumber(String encoded) throws IOException {
        require("Number value length", encoded.length(), Json.NUMBER_DIGITS);
        if (!NUMBER.matcher(encoded).matches()) {
            throw new Json.Unwritable("a number in it is not valid in JSON", this);
        }
        if (encoded.indexOf('e') >= 0 || encoded.indexOf('E') >= 0) {
            requireBounded(new BigDecimal(encoded));
        }
        super.writeNumber(encoded);
    }

    @Override
    public void writeNumber(char[] encoded, int offset, int length) throws IOException {
        writeNumber(new String(encoded, offset, length));
    }

    /**
     * Writes what is supposed to be JSON, as {@code @JsonRawValue} is: it is parsed, and written like everything else.
     */
    @Override
    public void writeRawValue(String text) throws IOException {
        try (JsonParser parser = new BoundedParser(factory.createParser(text))) {
            if (parser.nextToken() == null) {
                throw new Json.Unwritable("a raw value in it is empty", this);
            }
            copy(parser);
            if (parser.nextToken() != null) {
                throw new Json.Unwritable("a raw value in it consists of several values", this);
            }
        } catch (JsonParseException e) {
            throw new Json.Unwritable("a raw value in it is invalid: " + Json.problem(e), this);
        }
    }

    @Override
    public void writeRawValue(SerializableString text) throws IOException {
        writeRawValue(text.getValue());
    }

    @Override
    public void writeRawValue(String text, int offset, int length) throws IOException {
        writeRawValue(text.substring(offset, offset + length));
    }

    @Override
    public void writeRawValue(char[] text, int offset, int length) throws IOException {
        writeRawValue(new String(text, offset, length));
    }

    private void copy(JsonParser parser) throws IOException {
        int depth = 0;
        do {
            switch (parser.currentToken()) {
                case START_OBJECT -> writeStartObject();
                case START_ARRAY -> writeStartArray();
                case END_OBJECT -> writeEndObject();
                case END_ARRAY -> writeEndArray();
                case FIELD_NAME -> writeFieldName(parser.currentName());
                case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> writeNumber(parser.getText()); // no digit is lost
                case VALUE_STRING -> writeString(parser.getText());
                case VALUE_TRUE, VALUE_FALSE -> writeBoolean(parser.getBooleanValue());
                default -> writeNull();
            }
            depth += parser.currentToken().isStructStart()
                    ? 1
                    : parser.currentToken().isStructEnd() ? -1 : 0;
        } while (depth > 0 && parser.nextToken() != null);
    }

    private static void require(String what, long value, int most) throws IOException {
        if (value > most) {
            throw new StreamConstraintsException(what + " (" + value + ") exceeds the maximum allowed (" + most + ")");
        }
    }
}
