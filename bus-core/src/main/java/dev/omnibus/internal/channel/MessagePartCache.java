package dev.omnibus.internal.channel;

import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A set-associative cache of parts of messages, each with its meaning. Messages of one sender hardly differ: the same
 * bytes are the same JSON, and need not be parsed again.
 *
 * <p>Entries are evicted by credit: each message that is recognised gives its sender some, each stranger that finds no
 * room takes some from another. So active senders keep their places, whatever else turns up, and silent ones lose them;
 * and of more senders than there is room for, in turn, as many are recognised as have a place. The table grows as soon
 * as a set is full, as long as it has few parts for its size: a thousand senders hardly ever compete for a place.
 * Confined to one thread.
 *
 * @param <T> what the bytes mean
 */
public final class MessagePartCache<T> {

    private static final int WAYS = 4; // places of a set
    private static final int MAX_PLACES = 8_192;
    private static final int MAX_PLACES_OF_PART = 32; // or names could be chosen so that the table grows for nothing
    private static final int MAX_LENGTH = 2_048;
    static final int MAX_BYTES = 1024 * 1024;
    private static final int OVERHEAD = 384; // of a part, with what it means and its places
    private static final byte MAX_CREDIT = 16;
    private static final int MAX_STEPS = 32; // to find one

    private static final class Part<T> {
        private final byte[] bytes;
        private final T meaning;
        private byte credit = 1;

        Part(byte[] bytes, T meaning) {
            this.bytes = bytes;
            this.meaning = meaning;
        }
    }

    private final MemoryBudget.Share share;
    private final int skipped;
    private final int quotes;
    private final int factor = ThreadLocalRandom.current().nextInt() | 1; // or senders could choose their set
    private @Nullable Part<T> last;
    private @Nullable Part<T>[] parts = table(WAYS);
    private int known;
    private int bytes; // of all parts
    private int hand; // where bytes are reclaimed next

    /**
     * Makes an empty cache.
     *
     * @param skipped how many bytes are the same at the beginning of all parts
     * @param quotes how many quotes follow, up to the end of what distinguishes parts
     * @param budget limits what is remembered
     */
    public MessagePartCache(int skipped, int quotes, MemoryBudget budget) {
        this.share = budget.share();
        this.skipped = skipped;
        this.quotes = quotes;
    }

    @SuppressWarnings("unchecked") // there is nothing in it
    private static <T> @Nullable Part<T>[] table(int size) {
        return (Part<T>[]) new Part<?>[size];
    }

    /**
     * Finds known bytes in a message.
     *
     * @param message the message
     * @param from where they would have to begin, counted from the beginning of the message
     * @return what they mean; null if they are not known
     */
    public @Nullable T find(Message message, int from) {
        Part<T> tried = last;
        if (tried != null && message.hasAt(from, tried.bytes)) {
            return recognised(tried);
        }
        int set = set(message.bytes(), message.offset() + from, message.offset() + message.length());
        for (int i = set; i < set + WAYS; i++) {
            Part<T> part = parts[i];
            if (part != null && message.hasAt(from, part.bytes)) {
                last = part;
                return recognised(part);
            }
        }
        return null;
    }

    private static <T> T recognised(Part<T> part) {
        if (part.credit < MAX_CREDIT) {
            part.credit++;
        }
        return part.meaning;
    }

    /**
     * Learns bytes that are not known, if there is room for them. More than 2,048 are not remembered: senders choose
     * their names, and must not fill the memory.
     *
     * @param part the bytes; not to be changed afterwards
     * @param meaning what they mean
     */
    public void learn(byte[] part, T meaning) {
        if (part.length > MAX_LENGTH) {
            return;
        }
        int at = place(part);
        while (at < 0 && 2 * parts.length <= Math.min(MAX_PLACES, MAX_PLACES_OF_PART * known)) {
            grow();
            at = place(part);
        }
        if (at < 0) {
            at = weakest(set(part, 0, part.length));
        }
        if (weaken(at) || !makeRoom(part.length)) {
            return;
        }
        count(part.length, 1);
        Part<T> learned = new Part<>(part, meaning);
        parts[at] = learned;
        last = learned;
    }

    /** Takes credit from an entry, and forgets it when it has none; returns true if it stays. */
    private boolean weaken(int at) {
        Part<T> part = parts[at];
        if (part == null) {
            return false;
        }
        if (--part.credit > 0) {
            return true;
        }
        parts[at] = null;
        count(part.bytes.length, -1);
        return false;
    }

    /** If there is no room, takes credit from one entry, and from the one after it the next time. */
    private boolean makeRoom(int more) {
        boolean weakened = hasRoom(more);
        for (int i = 0; i < MAX_STEPS && !weakened; i++) {
            hand = (hand + 1) % parts.length;
            weakened = parts[hand] != null;
            weaken(hand);
        }
        return hasRoom(more);
    }

    private boolean hasRoom(int more) {
        return bytes + more <= MAX_BYTES && !share.isExceeded();
    }

    /** The bytes count twice: they are in the meaning as well. */
    private void count(int length, int one) {
        known += one;
        bytes += one * length;
        share.take(one * (2L * length + OVERHEAD));
    }

    /** Forgets everything. */
    public void end() {
        parts = table(WAYS);
        last = null;
        known = 0;
        bytes = 0;
        share.end();
    }

    int bytes() {
        return bytes;
    }

    int places() {
        return parts.length;
    }

    /** A free place; -1 if its set is full. */
    private int place(byte[] part) {
        int set = set(part, 0, part.length);
        for (int i = set; i < set + WAYS; i++) {
            if (parts[i] == null) {
                return i;
            }
        }
        return -1;
    }

    /** Among equals not always the same one, or two newcomers could keep replacing each other. */
    private int weakest(int set) {
        hand = (hand + 1) % parts.length;
        int weakest = set + hand % WAYS;
        for (int i = set; i < set + WAYS; i++) {
            if (credit(i) < credit(weakest)) {
                weakest = i;
            }
        }
        return weakest;
    }

    private int credit(int at) {
        Part<T> part = parts[at];
        return part == null ? 0 : part.credit;
    }

    private void grow() {
        @Nullable Part<T>[] old = parts;
        parts = table(2 * old.length);
        for (Part<T> part : old) {
            int at = part == null ? -1 : place(part.bytes);
            if (at >= 0) { // a set is split in two, so there is
                parts[at] = part;
            }
        }
    }

    /** Where the set begins of all bytes that begin like these. */
    private int set(byte[] message, int from, int to) {
        int hash = factor;
        int open = quotes;
        for (int i = from + skipped; i < to && open > 0; i++) {
            byte b = message[i];
            hash = (hash ^ b) * factor;
            open -= b == '"' ? 1 : 0;
        }
        hash *= 0x9E3779B9; // the upper bits are the well mixed ones
        return (hash >>> 16 & parts.length / WAYS - 1) * WAYS;
    }
}
