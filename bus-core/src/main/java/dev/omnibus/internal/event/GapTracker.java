package dev.omnibus.internal.event;

import dev.omnibus.internal.channel.MemoryBudget;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A gap detector: tracks the sequence numbers of each source on each topic, and finds which are missing and which are
 * duplicates.
 *
 * <p>The first event of a source sets its position, so a subscriber that joins late sees no gap. A publisher that
 * restarts has a new node id and is a new source. When there are too many sources, the least recently used is
 * forgotten; if it comes back, it is new. Confined to the reader of one channel.
 */
final class GapTracker {

    private static final int MAX_SOURCES = 65_536;
    private static final int ENTRY_BYTES = 512; // the entry, its key and its numbers with all holes
    private static final Comparator<Key> ORDER =
            Comparator.comparing(Key::source).thenComparing(Key::topic);

    private record Key(String source, String topic) implements Comparable<Key> {

        int weight() {
            return ENTRY_BYTES + 2 * (source.length() + topic.length());
        }

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    private final LruCache<Key, Run> runs;
    private @Nullable Key lastKey; // events come in bursts of one source and topic
    private @Nullable Run lastRun;

    GapTracker(MemoryBudget budget) {
        runs = new LruCache<>(MAX_SOURCES, Key::weight, budget);
    }

    /** Returns the numbers of a source on a topic; none yet if it is new, or forgotten. */
    Run of(String source, String topic) {
        Key last = lastKey;
        if (last != null
                && lastRun != null
                && last.source().equals(source)
                && last.topic().equals(topic)) {
            return lastRun;
        }
        Key key = new Key(source, topic);
        Run run = runs.get(key);
        if (run == null) {
            run = new Run();
            runs.put(key, run);
        }
        lastKey = key;
        lastRun = run;
        return run;
    }

    /** Clears it; nothing is tracked any more. */
    void end() {
        runs.end();
        lastKey = null;
        lastRun = null;
    }

    /** Forgets the other topics: a subscriber that returns to one of them is a late joiner. */
    void retain(Predicate<String> topics) {
        runs.removeIf(key -> !topics.test(key.topic()));
        lastKey = null;
        lastRun = null;
    }

    /**
     * The numbers of one source on one topic: which have arrived, and which are missing.
     *
     * <p>The source is what the sender claims, so a number may be forged. Which numbers are believed depends on how
     * they continue: a number that leaps ahead is accepted, because events get lost; but when {@value #PROOFS} numbers
     * in a row continue where the numbers were before the leap, or another run of numbers that have not arrived yet,
     * those are the real ones, and the leap is undone. So a forged number costs its source seven events at most, and a
     * number that has arrived is never accepted again. A forged marker costs nothing: it is refuted as soon as a lower
     * number arrives.
     *
     * <p>But a publisher that has reconnected looks the same: what is still in flight on the old connection arrives
     * after what was sent on the new one. So if the leap is directly followed by its successor, or directly preceded by
     * a marker with the number before it, lower numbers count as overtaken for a while; only once, if they turn out to
     * have been forged.
     */
    static final class Run {

        /** The number has arrived before, or is overtaken. */
        static final long LATE = -1;

        /** The number is further ahead than a source can have got. */
        static final long IMPLAUSIBLE = -2;

        private static final long MAX_LEAP = 1L << 32;
        private static final int PROOFS = 8; // more events than one overtakes when servers of a cluster change roles
        private static final long OVERTAKEN_NANOS =
                TimeUnit.SECONDS.toNanos(10); // for what a closed connection still delivers
        private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1); // then it has delivered everything
        private static final int MAX_HOLES = 16;
        private static final long[] NONE = {};

        private long first; // the numbers below it are unknown
        private long last; // of an event; 0 if there was none
        private long announced; // the highest number of a marker since then; 0 if there was none
        private long missed; // events that markers have revealed as missing since then
        private long nextOfOther; // the next number of another run
        private int proofs; // how many numbers of that run have arrived
        private long[] holes = NONE; // the missing numbers as pairs, first and last, ascending
        private int holeEnd;
        private long takenBack;
        private final LongSupplier clock;
        private long leaped; // when the first leap in a while was
        private long overtaken; // when the last overtaken number arrived
        private int consecutive; // events since the leap that directly followed another one
        private boolean forged; // the run after a leap was; no lower number counts as overtaken any more

        Run() {
            this(System::nanoTime);
        }

        Run(LongSupplier clock) {
            this.clock = clock;
            this.leaped = clock.getAsLong() - OVERTAKEN_NANOS;
            this.overtaken = leaped;
        }

        /**
         * Accepts the number of an event, or rejects it.
         *
         * @return how many events are missing before it; {@link #LATE} or {@link #IMPLAUSIBLE} if it must be dropped
         */
        long event(long sequence) {
            takenBack = 0;
            if (sequence == last + 1 && announced == 0) {
                last = sequence;
                consecutive++;
                if (proofs > 0) {
                    proofs--;
                }
                return 0;
            }
            return sequence <= last ? lower(sequence) : higher(sequence);
        }

        /**
         * Accepts the number of a marker, or rejects it.
         *
         * @return how many events are missing after the last one; {@link #IMPLAUSIBLE} if it must be dropped
         */
        long marker(long sequence) {
            takenBack = 0;
            long known = Math.max(last, announced);
            if (known == 0) { // a late joiner cannot know what came before
                announced = sequence;
                return 0;
            }
            long missing = Math.max(0, sequence - known);
            if (missing > MAX_LEAP) {
                return IMPLAUSIBLE;
            }
            announced = missing > 0 ? sequence : announced;
            missed += missing;
            return missing;
        }

        /** Returns how many events that were reported missing are not, as the last number has shown. */
        long takenBack() {
            return takenBack;
        }

        private long higher(long sequence) {
            if (last == 0 && sequence <= announced) {
                takeBackMarkers();
            }
            long known = Math.max(last, announced);
            if (known == 0) {
                startAt(sequence);
                return 0;
            }
            if (sequence - known > MAX_LEAP) {
                if (!proves(sequence)) {
                    return IMPLAUSIBLE;
                }
                startAt(sequence); // what is missing before it is unknown
                return 0;
            }
            if (sequence <= announced) {
                takeBackMarkers(); // markers announce what was sent before them, so nothing lower may follow
            }
            boolean afterMarker = sequence == announced + 1;
            long missing = sequence - Math.max(last, announced) - 1;
            if (last == 0) {
                first = sequence;
            } else if (sequence > last + 1) {
                addHole(last + 1, sequence - 1);
                leaps(clock.getAsLong());
                consecutive += afterMarker ? 1 : 0;
            }
            last = sequence;
            announced = 0;
            missed = 0;
            return missing;
        }

        private long lower(long sequence) {
            if (!isMissing(sequence) || isOvertaken() || !proves(sequence)) {
                return LATE;
            }
            takeBackMarkers();
            forged |= consecutive > 0;
            leaped = clock.getAsLong() - OVERTAKEN_NANOS; // the leap is undone
            if (sequence < first) {
                startAt(sequence);
                return 0;
            }
            for (int i = 0; i < holeEnd; i += 2) {
                takenBack += Math.max(0, holes[i + 1] - Math.max(holes[i], sequence) + 1);
                if (holes[i] < sequence && sequence <= holes[i + 1]) {
                    holes[i + 1] = sequence - 1;
                }
            }
            while (holeEnd > 0 && holes[holeEnd - 2] >= sequence) {
                holeEnd -= 2;
            }
            last = sequence;
            return 0;
        }

        /**
         * Records a leap, after which lower numbers may be overtaken for a while, unless the previous one is still in
         * doubt.
         */
        private void leaps(long now) {
            if (now - leaped >= OVERTAKEN_NANOS && now - overtaken >= QUIET_NANOS) {
                leaped = now;
                consecutive = 0;
            }
        }

        private boolean isOvertaken() {
            if (forged || consecutive == 0) {
                return false;
            }
            long now = clock.getAsLong();
            boolean recent = now - leaped < OVERTAKEN_NANOS;
            overtaken = recent ? now : overtaken;
            return recent;
        }

        private void startAt(long sequence) {
            first = sequence;
            last = sequence;
            announced = 0;
            missed = 0;
            holeEnd = 0;
        }

        private void takeBackMarkers() {
            takenBack += missed;
            missed = 0;
            announced = 0;
        }

        private boolean isMissing(long sequence) {
            if (sequence < first) {
                return true;
            }
            for (int i = holeEnd - 2; i >= 0; i -= 2) {
                if (sequence >= holes[i]) {
                    return sequence <= holes[i + 1];
                }
            }
            return false;
        }

        /** Returns whether this number is the last proof that the run that it belongs to is real. */
        private boolean proves(long sequence) {
            if (sequence == nextOfOther) {
                proofs++;
                nextOfOther++;
            } else if (proofs > 0) {
                proofs--; // a third run; one number of it does not discard the other run
            }
            if (proofs == 0) {
                nextOfOther = sequence + 1;
                proofs = 1;
            }
            boolean proven = proofs >= PROOFS;
            proofs = proven ? 0 : proofs;
            return proven;
        }

        private void addHole(long from, long to) {
            if (holeEnd == 2 * MAX_HOLES) {
                mergeHoles();
            }
            if (holeEnd == holes.length) {
                holes = Arrays.copyOf(holes, holeEnd == 0 ? 2 : 2 * holeEnd);
            }
            holes[holeEnd] = from;
            holes[holeEnd + 1] = to;
            holeEnd += 2;
        }

        /**
         * Merges the oldest two holes. That forgets no missing number, which a forger could exploit, but treats the
         * numbers between them as missing although they arrived; a duplicate of those would come sooner.
         */
        private void mergeHoles() {
            holes[1] = holes[3];
            System.arraycopy(holes, 4, holes, 2, holeEnd - 4);
            holeEnd -= 2;
        }
    }
}
