package dev.omnibus.channel;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The numbers that a lane has given, and when the last of them is to be told by a mark. Guarded by its lane.
 *
 * <p>A mark may get lost like any message, so it is repeated: one heartbeat after the last message, and then after 2,
 * 4, 8 heartbeats and so on, up to one a minute. After ten minutes the receivers know, or will not.
 */
final class Numbers {

    private static final long LONGEST_PAUSE = TimeUnit.MINUTES.toNanos(1);
    private static final long TOLD_FOR = TimeUnit.MINUTES.toNanos(10);
    private static final int MOST_DOUBLINGS = 32;

    private final long heartbeat;
    private @Nullable Numbering numbering; // that of the last message
    private long last;
    private long given; // when the last one was given
    private long told; // the highest that a mark was sent with
    private long pausing; // since when, unless a number was given after that
    private int marks; // made since the series began

    Numbers(long heartbeatNanos) {
        this.heartbeat = heartbeatNanos;
    }

    /** Writes the next number into a message. */
    void give(byte[] message, Numbering how, long now) {
        if (last == 0) {
            restart(now);
        }
        Frames.number(message, how.digitsFrom(), how.digits(), ++last);
        given = now;
        if (numbering != how) {
            numbering = how;
        }
    }

    /** Whether none has been given yet. */
    boolean none() {
        return last == 0;
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

    /** The mark of a lane that is idle, if it is time for one. */
    @Nullable
    Waiting due(long now) {
        if (given - pausing > 0) {
            restart(given);
        }
        if (now - pausing < pause()) {
            return null;
        }
        Waiting mark = mark(now);
        pausing = now;
        marks++;
        return mark;
    }

    private long pause() {
        int doublings = Math.min(marks, MOST_DOUBLINGS);
        long longest = Math.max(heartbeat, LONGEST_PAUSE);
        return heartbeat > longest >> doublings ? longest : heartbeat << doublings;
    }

    /** The mark of a lane that may send nothing any more, if no mark has told its last number yet. */
    @Nullable
    Waiting untold(long now) {
        return told == last ? null : mark(now);
    }

    private @Nullable Waiting mark(long now) {
        if (numbering == null || now - given > TOLD_FOR) {
            return null;
        }
        byte[] message = numbering.mark().clone();
        Frames.number(message, numbering.markDigitsFrom(), numbering.digits(), last);
        return Waiting.mark(message, last);
    }
}
