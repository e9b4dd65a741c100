package dev.omnibus.bench.peer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;

/** JSON for the peers that carry bytes: Jackson, with readers and writers made once per type. */
public final class Json {

    public static final ObjectMapper MAPPER = new ObjectMapper();

    private static final ObjectWriter ORDER_WRITER = MAPPER.writerFor(Order.class);
    private static final ObjectReader ORDER_READER = MAPPER.readerFor(Order.class);
    private static final ObjectWriter RECEIPT_WRITER = MAPPER.writerFor(Receipt.class);
    private static final ObjectReader RECEIPT_READER = MAPPER.readerFor(Receipt.class);

    private Json() {}

    public static byte[] write(Order order) {
        return write(ORDER_WRITER, order);
    }

    public static byte[] write(Receipt receipt) {
        return write(RECEIPT_WRITER, receipt);
    }

    public static Order readOrder(byte[] json) {
        try {
            return ORDER_READER.readValue(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Receipt readReceipt(byte[] json) {
        try {
            return RECEIPT_READER.readValue(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] write(ObjectWriter writer, Object value) {
        try {
            return writer.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
