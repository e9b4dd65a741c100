package dev.omnibus.internal.channel;

/**
 * How the messages of a channel are numbered, and the message that tells the last number when nothing follows it.
 *
 * <p>Whoever receives numbered messages learns from the next one what is missing before it. When the last ones get
 * lost, there is no next one: a lane that has fallen silent therefore sends its mark, with the last number in it, a few
 * times.
 *
 * @param digitsFrom where the number's first digit is written in each message
 * @param digits how many digits, zero-padded
 * @param mark one JSON object with room for the digits; copied before they are written
 * @param markDigitsFrom where the number's first digit is written in the mark
 */
public record SequenceNumbering(int digitsFrom, int digits, byte[] mark, int markDigitsFrom) {}
