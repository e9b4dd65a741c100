package dev.omnibus.internal.channel;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A slice of a frame: one JSON object, as the bytes between two offsets; nothing is copied.
 *
 * @param bytes the frame
 * @param offset where the message begins
 * @param length how long it is
 * @param lastBorder where the last comma between its members is, or the bracket that opens the value after it, counted
 *     from the beginning of the message; {@link #UNKNOWN} if it was not scanned
 */
public record Message(byte[] bytes, int offset, int length, int lastBorder) {

    /** Instead of the place of the last border. */
    public static final int UNKNOWN = -1;

    private static final int MAX_DIGITS = 18; // that surely fit a long

    /**
     * A message that was not scanned.
     *
     * @param bytes the frame
     * @param offset where the message begins
     * @param length how long it is
     */
    public Message(byte[] bytes, int offset, int length) {
        this(bytes, offset, length, UNKNOWN);
    }

    /**
     * Whether the message begins with these bytes.
     *
     * @param prefix what to look for
     * @return true if it does
     */
    public boolean startsWith(byte[] prefix) {
        return hasAt(0, prefix);
    }

    /**
     * Whether the message has these bytes at a place.
     *
     * @param from where they would have to begin, counted from the beginning of the message
     * @param part what to look for
     * @return true if they do
     */
    public boolean hasAt(int from, byte[] part) {
        int begin = offset + from;
        return from >= 0
                && from + part.length <= length
                && Arrays.equals(bytes, begin, begin + part.length, part, 0, part.length);
    }

    /**
     * Where a run of digits ends.
     *
     * @param from where it begins, counted from the beginning of the message
     * @return the end, counted likewise; the beginning itself if these are not digits that JSON allows for a number, or
     *     more than surely fit a long
     */
    public int endOfDigits(int from) {
        int end = from;
        while (end < length && isDigit(bytes[offset + end])) {
            end++;
        }
        boolean padded = end - from > 1 && bytes[offset + from] == '0';
        return padded || end - from > MAX_DIGITS ? from : end;
    }

    /**
     * The number that digits make.
     *
     * @param from where they begin, counted from the beginning of the message
     * @param to where they end
     * @return the number; -1 if one of them is no digit
     */
    public long number(int from, int to) {
        long number = 0;
        for (int i = offset + from; i < offset + to; i++) {
            if (!isDigit(bytes[i])) {
                return -1;
            }
            number = number * 10 + (bytes[i] - '0');
        }
        return number;
    }

    static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    /**
     * Where a text ends that is as it was written: ASCII without control characters and without anything escaped.
     *
     * @param from behind the quote that opens it, counted from the beginning of the message
     * @return where the closing quote stands, counted likewise; -1 if it is another kind of text
     */
    public int endOfPlainText(int from) {
        for (int i = offset + from; i < offset + length; i++) {
            byte b = bytes[i];
            if (b == '"') {
                return i - offset;
            }
            if (b < ' ' || b == '\\' || b == 0x7f) { // those beyond ASCII are negative
                return -1;
            }
        }
        return -1;
    }

    /**
     * The last value of the object that the message is.
     *
     * @param from where it begins, counted from the beginning of the message
     * @return the bytes up to the brace that ends the message, unread; empty if, by its borders, that is not one value
     */
    public Message lastValue(int from) {
        int begin = offset + from;
        int end = offset + length - 1;
        boolean whole = begin < end && bytes[end] == '}' && isOneValue(from);
        return new Message(bytes, begin, whole ? end - begin : 0);
    }

    /** Whether there is one value from here to the brace that ends the message. */
    private boolean isOneValue(int from) {
        if (lastBorder == UNKNOWN) {
            return Frames.isOneElement(bytes, offset + from, offset + length - 1);
        }
        byte first = bytes[offset + from];
        byte last = bytes[offset + length - 2];
        boolean nested = first == '{' || first == '[';
        return nested
                ? lastBorder == from && (last == '}' || last == ']') // nothing was opened after it, so it ends there
                : lastBorder < from;
    }

    /**
     * A part of it as text.
     *
     * @param from where it begins, counted from the beginning of the message
     * @param to where it ends; what is between is ASCII
     * @return the text
     */
    public String text(int from, int to) {
        return new String(bytes, offset + from, to - from, StandardCharsets.ISO_8859_1);
    }

    /** The text. */
    @Override
    public String toString() {
        return new String(bytes, offset, length, StandardCharsets.UTF_8);
    }
}
