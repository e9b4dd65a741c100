package dev.omnibus.internal.channel;

/** A writer of decimal digits, for numbers that are not negative, without a text in between. */
public final class Digits {

    private Digits() {}

    /** The number of digits of a number. */
    public static int count(long number) {
        int digits = 1;
        for (long rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        return digits;
    }

    /** Writes a number with a fixed count of digits, zero-padded to the left. */
    public static void put(byte[] bytes, int from, int digits, long number) {
        long rest = number;
        for (int i = from + digits - 1; i >= from; i--) {
            bytes[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
    }
}
