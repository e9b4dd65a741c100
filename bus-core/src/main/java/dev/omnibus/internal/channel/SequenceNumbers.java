package dev.omnibus.internal.channel;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The numbers that a lane has given, and when the last of them is to be told by a mark. Guarded by its lane.
 *
 * <p>A mark may get lost like any message, so it is repeated: one heartbeat after the last message, and then after 4,
 * 16, 64 and 256. After that, or after ten minutes, the receivers know, or will not. Where nobody has ever received
 * anything, there is nobody to be told; but who received something before, and not the last message, may have lost it.
 */
final class SequenceNumbers {

    private static final int MAX_MARKS = 5;
    private static final long TOLD_FOR = TimeUnit.MINUTES.toNanos(10);

    private final long heartbeat;
    private @Nullable SequenceNumbering numbering; // that of the last message
    private long last;
    private long given; // when the last one was given
    private long told; // the highest that a mark was sent with
    private long pausing; // since when
    private int marks; // made since then
    private boolean lastHeard = true; // perhaps, as long as it is not known
    private boolean heard; // any of them, perhaps
    private boolean doubted; // what was given may have been sent, and may arrive still

    /** Numbers that go on behind the last one that was given before, if any. */
    SequenceNumbers(long heartbeatNanos, long last) {
        this.heartbeat = heartbeatNanos;
        this.last = last;
        this.told = last;
        this.heard = last > 0;
    }

    /** How the messages are numbered that wait behind the others. */
    void use(SequenceNumbering how) {
        if (numbering != how) {
            numbering = how;
        }
    }

    /** Writes the next number into a message. */
    void give(byte[] message, SequenceNumbering how, long now) {
        Frames.number(message, how.digitsFrom(), how.digits(), ++last);
        given = now;
        lastHeard = true;
        restart(now);
    }

    long last() {
        return last;
    }

    /** Takes back what was given after a number, because it is certain that none of it was sent. */
    void takeBack(long to) {
        last = to;
    }

    /** What was sent reached somebody, or surely nobody. */
    void sent(boolean toSomebody) {
        lastHeard = toSomebody;
        heard |= toSomebody;
        doubted = false;
    }

    /** What was given may have reached somebody, or not. */
    void unknown() {
        heard = true;
        doubted = true;
    }

    /**
     * The mark that goes right before the next message, if what was sent before may be overtaken by it, as it does on
     * another connection. With the mark, the receivers know that nothing between the two was forged.
     */
    @Nullable
    OutboundMessage doubt(SequenceNumbering how) {
        return doubted ? mark(how) : null;
    }

    /** Whether somebody may have heard of any number that was given here. */
    boolean isHeard() {
        return heard;
    }

    /** Something may have got lost: the pauses before the marks are short again. */
    void restart(long now) {
        pausing = now;
        marks = 0;
    }

    /** A mark with this number was sent. */
    void told(long number) {
        told = Math.max(told, number);
    }

    /** Whether a mark with the last number was sent, or need not be. */
    boolean isTold() {
        return told == last || isUnheard();
    }

    /** Whether surely nobody knows of these numbers. */
    private boolean isUnheard() {
        return !lastHeard && !heard;
    }

    /** Whether no mark is due any more. */
    boolean isSilent(long now) {
        return numbering == null || last == 0 || isUnheard() || marks == MAX_MARKS || now - given > TOLD_FOR;
    }

    /** The mark of a lane that is idle, if it is time for one. */
    @Nullable
    OutboundMessage due(long now) {
        SequenceNumbering how = numbering;
        if (how == null || isSilent(now) || now - pausing < pause()) {
            return null;
        }
        pausing = now;
        marks++;
        return mark(how);
    }

    private long pause() {
        return Math.min(heartbeat, TOLD_FOR) << (2 * marks);
    }

    /**
     * The mark of a lane that may send nothing any more, if it has yet to tell its last number.
     *
     * @param more whether messages wait that are to be numbered before it is sent
     */
    @Nullable
    OutboundMessage untold(boolean more, long now) {
        SequenceNumbering how = numbering;
        boolean owed = more || !(isTold() || last == 0 || now - given > TOLD_FOR);
        return how == null || !owed ? null : mark(how);
    }

    private OutboundMessage mark(SequenceNumbering how) {
        OutboundMessage mark = OutboundMessage.mark(how);
        tell(mark, how);
        return mark;
    }

    /** Writes the number that is the last one now into a mark. */
    void tell(OutboundMessage mark, SequenceNumbering how) {
        Frames.number(mark.message, how.markDigitsFrom(), how.digits(), last);
    }
}
