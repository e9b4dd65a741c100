package dev.omnibus.internal.channel;

import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A sequence generator: the numbers that a lane has given, and when the last of them is to be announced by a marker.
 * Guarded by its lane.
 *
 * <p>A marker may get lost like any message, so it is repeated: one heartbeat after the last message, and then after 4,
 * 16, 64 and 256. After that, or after ten minutes, the receivers know, or never will. Where nobody has ever received
 * anything, nothing is announced; but a subscriber that received something before, and not the last message, may have
 * lost it.
 */
public final class SequenceNumbers {

    private static final int MAX_MARKERS = 5;
    private static final long ANNOUNCED_FOR = TimeUnit.MINUTES.toNanos(10);

    private final long heartbeat;
    private @Nullable Format numbering; // that of the last message
    private long last;
    private long given; // when the last one was given
    private long announced; // the highest number that a marker was sent with
    private long pausing; // since then
    private int markers; // made since then
    private boolean lastHeard = true; // possibly, as long as it is not known
    private boolean heard; // any of them, possibly
    private long doubted; // the last number that may have been sent, and may still arrive; 0 without one

    /** Starts after the last number that was given before, if any. */
    SequenceNumbers(long heartbeatNanos, long last) {
        this.heartbeat = heartbeatNanos;
        this.last = last;
        this.announced = last;
        this.heard = last > 0;
    }

    /** Notes the form of the numbers from here on. */
    void use(Format how) {
        if (numbering != how) {
            numbering = how;
        }
    }

    /** Writes the next number into a message. */
    void give(byte[] message, Format how, long now) {
        Digits.put(message, how.digitsFrom(), how.digits(), ++last);
        given = now;
        lastHeard = true;
        restart(now);
    }

    /** Numbers a message when it is handed over, so that the numbers have the order of sending. */
    void number(OutboundMessage waiting, Format how, Batch batch, long now) {
        if (waiting.kind == OutboundMessage.Kind.MARKER) {
            announce(waiting, how);
            batch.announces(last);
        } else {
            give(waiting.message, how, now);
        }
    }

    long last() {
        return last;
    }

    /** Takes back the numbers after one, because it is certain that none of them was sent. */
    void takeBack(long to) {
        last = to;
        doubted = Math.min(doubted, to);
    }

    /**
     * What was sent reached somebody, or certainly nobody.
     *
     * @param latest whether nothing behind it is in flight
     * @param marked the highest number that a marker among it announced, which ends the doubt up to there;
     *     {@link Batch#NONE} without one
     */
    void sent(boolean toSomebody, boolean latest, long marked) {
        announced = Math.max(announced, marked);
        lastHeard = toSomebody || !latest;
        heard |= toSomebody;
        if (marked >= doubted) {
            doubted = 0;
        }
    }

    /** Nobody knows whether the numbers reached somebody. */
    void unknown() {
        heard = true;
        doubted = last;
    }

    /**
     * Notes the outcome of a batch.
     *
     * @param toSomebody whether it reached somebody, if it was sent; else certainly nobody
     * @param latest whether nothing behind it is in flight
     */
    void complete(Batch batch, boolean toSomebody, boolean latest, @Nullable TransportException failure, long now) {
        if (failure == null) {
            sent(toSomebody, latest, batch.announced());
            return;
        }
        if (!failure.notSent()) {
            unknown();
        }
        if (batch.ordinary() > 0 || failure.kind() == Kind.CONNECTION_LOST) {
            restart(now);
        }
    }

    /**
     * The marker that is sent right before the next message, if that may overtake what was sent before, as it can on
     * another connection. With it, the receivers know that nothing between the two was forged.
     */
    @Nullable
    OutboundMessage doubtMarker(Format how) {
        return doubted > 0 ? marker(how) : null;
    }

    /** Whether somebody may have received any of these numbers. */
    boolean isHeard() {
        return heard;
    }

    /** Something may have been lost: the pauses before the markers are short again. */
    void restart(long now) {
        pausing = now;
        markers = 0;
    }

    /** Whether a marker with the last number was sent, or need not be. */
    boolean isAnnounced() {
        return announced == last || isUnheard();
    }

    /** Whether certainly nobody knows any of these numbers. */
    private boolean isUnheard() {
        return !lastHeard && !heard;
    }

    /** Whether no further marker will be due. */
    boolean isSilent(long now) {
        return numbering == null || last == 0 || isUnheard() || markers == MAX_MARKERS || now - given > ANNOUNCED_FOR;
    }

    /** The marker of an idle lane, if one is due. */
    @Nullable
    OutboundMessage dueMarker(long now) {
        Format how = numbering;
        if (how == null || isSilent(now) || now - markerDue() < 0) {
            return null;
        }
        pausing = now;
        markers++;
        return marker(how);
    }

    /** When the next marker is due, if the lane is idle then. */
    long markerDue() {
        return pausing + (Math.min(heartbeat, ANNOUNCED_FOR) << (2 * markers));
    }

    /**
     * The marker of a lane that may send nothing more, if its last number is still to be announced.
     *
     * @param more whether messages wait that get numbers before it is sent
     */
    @Nullable
    OutboundMessage lastMarker(boolean more, long now) {
        Format how = numbering;
        boolean owed = more || !(isAnnounced() || last == 0 || now - given > ANNOUNCED_FOR);
        return how == null || !owed ? null : marker(how);
    }

    private OutboundMessage marker(Format how) {
        OutboundMessage marker = OutboundMessage.marker(how);
        announce(marker, how);
        return marker;
    }

    /** Writes the current last number into a marker. */
    void announce(OutboundMessage marker, Format how) {
        Digits.put(marker.message, how.markerDigitsFrom(), how.digits(), last);
    }

    /**
     * The form of the numbers of a channel, and the marker that announces the last of them when nothing follows it.
     *
     * <p>A receiver of numbered messages learns from the next one what is missing before it. When the last ones get
     * lost, there is no next one: a lane that has fallen silent therefore sends its marker, with the last number in it,
     * a few times.
     *
     * @param digitsFrom where the number's first digit is written in each message
     * @param digits how many digits, zero-padded
     * @param marker one JSON object with room for the digits; copied before they are written
     * @param markerDigitsFrom where the number's first digit is written in the marker
     */
    public record Format(int digitsFrom, int digits, byte[] marker, int markerDigitsFrom) {}

    /**
     * A compact map from channels without a lane to their last sequence numbers: numbering goes on where it was, so
     * that no receiver takes a new event for an old one.
     *
     * <p>Instead of the channel's name there are 64 bits of hash, which makes 16 bytes per channel, 20 to 40 with what
     * is free. It has two generations: when the younger one is full, the older one is forgotten, and whatever is not
     * known then begins above all numbers that were forgotten. Thread-safe.
     */
    static final class Retired {

        private static final int MAX_CHANNELS = 1 << 18; // per generation

        private final int max;
        private Generation young = new Generation(); // guarded by this, like all below
        private Generation old = new Generation();
        private long forgotten; // the highest number of all channels that are not known any more

        Retired() {
            this(MAX_CHANNELS);
        }

        Retired(int max) {
            this.max = max;
        }

        /** Remembers the last number of a channel. */
        synchronized void put(String channel, long last) {
            if (young.size == max) {
                Generation next = new Generation();
                forgotten = Math.max(forgotten, old.highest());
                old = young;
                young = next;
            }
            young.put(hash(channel), last);
        }

        /** The last number of a channel, or one that is not lower; 0 if there was none. */
        synchronized long last(String channel) {
            if (young.size + old.size == 0) {
                return forgotten;
            }
            long hash = hash(channel);
            long last = young.get(hash);
            last = last == 0 ? old.get(hash) : last;
            return last == 0 ? forgotten : last;
        }

        /** Two names with the same 64 bits do not meet within the life of a process. */
        private static long hash(String channel) {
            long hash = channel.length();
            for (int i = 0; i < channel.length(); i++) {
                hash = (hash ^ channel.charAt(i)) * 0x9E3779B97F4A7C15L;
                hash ^= hash >>> 29;
            }
            hash = (hash ^ hash >>> 32) * 0xD6E8FEB86659FD93L;
            hash ^= hash >>> 32;
            return hash == 0 ? 1 : hash;
        }

        /** Open addressing: a hash, and behind it the number. */
        private static final class Generation {

            private long[] table = new long[32];
            private int size;

            private int slot(long hash) {
                int mask = table.length - 1;
                int slot = (int) (hash << 1) & mask;
                while (table[slot] != 0 && table[slot] != hash) {
                    slot = slot + 2 & mask;
                }
                return slot;
            }

            long get(long hash) {
                return table[slot(hash) + 1]; // 0 behind a free one
            }

            void put(long hash, long last) {
                if (size * 5L >= table.length * 2L) { // four fifths of the pairs
                    grow();
                }
                int slot = slot(hash);
                if (table[slot] == 0) {
                    table[slot] = hash;
                    size++;
                }
                table[slot + 1] = last;
            }

            private void grow() {
                long[] before = table;
                table = new long[before.length * 2]; // where there is no memory, nothing has changed
                for (int i = 0; i < before.length; i += 2) {
                    if (before[i] != 0) {
                        int slot = slot(before[i]);
                        table[slot] = before[i];
                        table[slot + 1] = before[i + 1];
                    }
                }
            }

            long highest() {
                long highest = 0;
                for (int i = 1; i < table.length; i += 2) {
                    highest = Math.max(highest, table[i]);
                }
                return highest;
            }
        }
    }
}
