package dev.omnibus.bus;

import java.io.IOException;
import java.lang.reflect.Type;

/**
 * A codec for payloads in a format other than JSON, for instance CBOR. The envelope stays JSON, with the bytes in
 * {@code data_base64} and the format in {@code datacontenttype}, as CloudEvents specifies. A bus with a codec still
 * reads events whose data is JSON.
 *
 * <p>Implementations must be thread-safe.
 *
 * @see <a href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md">CloudEvents: JSON
 *     format, handling of data</a>
 */
public interface PayloadCodec {

    /**
     * Returns the media type of what this codec writes.
     *
     * @return for instance {@code application/cbor}; always the same
     */
    String contentType();

    /**
     * Writes a payload.
     *
     * @param data the payload of an event
     * @return its bytes
     * @throws IOException if it cannot be written; the publisher gets an {@link IllegalArgumentException}
     */
    byte[] write(Object data) throws IOException;

    /**
     * Reads a payload. The bytes may come from anyone who can publish: never instantiate a class that they name.
     *
     * @param bytes the encoded payload
     * @param type the type that the handler expects
     * @return an object of that type
     * @throws IOException if the bytes are malformed, or do not fit the type; the event is reported and skipped
     */
    Object read(byte[] bytes, Type type) throws IOException;
}
