package dev.omnibus.rpc.internal.wire;

import dev.omnibus.internal.channel.Digits;
import dev.omnibus.internal.channel.Message;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** A byte builder: joins the parts of a message that are bytes already. Confined to one thread. */
public final class WireBytes {

    private static final int SHORT = 64;
    private static final int DIGEST_BYTES = 16;

    private byte[] bytes;
    private int length;

    /** Creates a builder that grows if need be; no byte is copied twice if the length is as expected. */
    WireBytes(int expected) {
        bytes = new byte[expected];
    }

    public static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** A fingerprint where many texts are remembered: the text if it is short, else half of its SHA-256. */
    public static String fingerprint(String text) {
        if (text.length() <= SHORT) {
            return text;
        }
        return "#" + sha256(text, DIGEST_BYTES);
    }

    /** The fingerprint of a part of a message. */
    public static String fingerprint(Message part) {
        return part.length() <= SHORT
                ? part.toString()
                : "#" + sha256(part.bytes(), part.offset(), part.length(), DIGEST_BYTES);
    }

    /** The first bytes of the SHA-256 of a text, in hexadecimal digits. */
    public static String sha256(String text, int digestBytes) {
        byte[] bytes = utf8(text);
        return sha256(bytes, 0, bytes.length, digestBytes);
    }

    private static String sha256(byte[] bytes, int offset, int length, int digestBytes) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(bytes, offset, length);
            return HexFormat.of().formatHex(sha.digest(), 0, digestBytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    /** A copy of a part of a message, without the frame in which it came, which may be much larger. */
    public static Message detached(Message part) {
        int end = part.offset() + part.length();
        return new Message(Arrays.copyOfRange(part.bytes(), part.offset(), end), 0, part.length());
    }

    WireBytes put(byte[] part) {
        reserve(part.length);
        System.arraycopy(part, 0, bytes, length, part.length);
        length += part.length;
        return this;
    }

    WireBytes put(char ascii) {
        reserve(1);
        bytes[length++] = (byte) ascii;
        return this;
    }

    /** Puts the digits of a number that is not negative. */
    WireBytes put(long number) {
        int digits = Digits.count(number);
        reserve(digits);
        Digits.put(bytes, length, digits, number);
        length += digits;
        return this;
    }

    byte[] toBytes() {
        return bytes.length == length ? bytes : Arrays.copyOf(bytes, length);
    }

    private void reserve(int more) {
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
        }
    }
}
