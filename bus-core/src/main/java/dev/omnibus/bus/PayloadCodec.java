package dev.omnibus.bus;

import java.io.IOException;
import java.lang.reflect.Type;

/**
 * Writes what events carry as something else than JSON, for instance CBOR. The envelope stays JSON, with the bytes in
 * {@code data_base64} and the format in {@code datacontenttype}, as CloudEvents says. A bus with a codec still reads
 * events whose data is JSON.
 *
 * <p>Implementations must be thread-safe.
 *
 * @see <a href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md">CloudEvents: JSON
 *     format, handling of data</a>
 */
public interface PayloadCodec {

    /**
     * The media type of what this codec writes.
     *
     * @return for instance {@code application/cbor}; always the same
     */
    String contentType();

    /**
     * Writes a payload.
     *
     * @param data what an event carries
     * @return its bytes
     * @throws IOException if it cannot be written; the publisher gets an {@link IllegalArgumentException}
     */
    byte[] write(Object data) throws IOException;

    /**
     * Reads a payload. The bytes may come from anyone who can publish: never make objects of a class that they name.
     *
     * @param bytes what was written
     * @param type what the handler expects
     * @return an object of that type
     * @throws IOException if the bytes are not what was written, or do not fit; the event is reported and skipped
     */
    Object read(byte[] bytes, Type type) throws IOException;
}
