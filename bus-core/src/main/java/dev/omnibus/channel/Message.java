package dev.omnibus.channel;

import java.nio.charset.StandardCharsets;

/**
 * One JSON object inside a frame, as the bytes between two offsets; nothing is copied.
 *
 * @param bytes the frame
 * @param offset where the message begins
 * @param length how long it is
 */
public record Message(byte[] bytes, int offset, int length) {

    /**
     * Whether the message begins with these bytes.
     *
     * @param prefix what to look for
     * @return true if it does
     */
    public boolean startsWith(byte[] prefix) {
        if (length < prefix.length) {
            return false;
        }
        for (int i = 0; i < prefix.length; i++) {
            if (bytes[offset + i] != prefix[i]) {
                return false;
            }
        }
        return true;
    }

    /** The text. */
    @Override
    public String toString() {
        return new String(bytes, offset, length, StandardCharsets.UTF_8);
    }
}
