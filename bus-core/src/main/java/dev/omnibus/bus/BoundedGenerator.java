package dev.omnibus.bus;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.util.JsonGeneratorDelegate;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;

/** A generator that refuses the numbers and names that a reader of the bus would refuse: here somebody can be told. */
final class BoundedGenerator extends JsonGeneratorDelegate {

    /** Numbers of so few bits surely have no more digits than are allowed. */
    private static final int FEW_BITS = 3_300;

    /** Beyond so many digits behind the point, a decimal is written with an exponent: see its toString. */
    private static final int LEAST_PLAIN_EXPONENT = -6;

    BoundedGenerator(JsonGenerator generator) {
        super(generator, false); // what an object writes goes through here, too
    }

    @Override
    public void writeFieldName(String name) throws IOException {
        checkName(name);
        super.writeFieldName(name);
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
        int scale = value.scale();
        long digits = value.precision();
        long exponent = digits - scale - 1;
        if (scale >= 0 && exponent >= LEAST_PLAIN_EXPONENT) {
            require("Number value length", Math.max(digits, scale + 1L), Json.NUMBER_DIGITS);
        } else {
            require("Number exponent", Math.abs(exponent), Json.LARGEST_EXPONENT);
            require("Number value length", digits + Json.EXPONENT_DIGITS, Json.NUMBER_DIGITS);
        }
        super.writeNumber(value);
    }

    @Override
    public void writeNumber(String encoded) throws IOException {
        require("Number value length", encoded.length(), Json.NUMBER_DIGITS);
        super.writeNumber(encoded);
    }

    private static void require(String what, long value, int most) throws IOException {
        if (value > most) {
            throw new StreamConstraintsException(what + " (" + value + ") exceeds the maximum allowed (" + most + ")");
        }
    }
}
