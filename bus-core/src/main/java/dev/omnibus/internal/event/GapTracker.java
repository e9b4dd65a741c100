package dev.omnibus.internal.event;

import dev.omnibus.internal.channel.MemoryBudget;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the numbers of each source on each topic, and so sees what is missing and what came twice.
 *
 * <p>The first event of a source sets the mark, so a subscriber that joins late sees no gap. A publisher that restarts
 * has a new node id and is a new source. The source not heard of for the longest time is forgotten when there are too
 * many; if it comes back, it is new. Confined to the reader of one channel.
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

    /** The numbers of a source on a topic; none yet if it is new, or forgotten. */
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

    /** Forgets everything; nothing is asked for any more. */
    void end() {
        runs.end();
        lastKey = null;
        lastRun = null;
    }

    /** Forgets topics: who comes back to one of them is a late joiner. */
    void retain(Predicate<String> topics) {
        runs.removeIf(key -> !topics.test(key.topic()));
        lastKey = null;
        lastRun = null;
    }

    /**
     * The numbers of one source on one topic: which of them were here, and which are missing.
     *
     * <p>A source is what the sender says it is, so a number may be forged. What is believed is decided by what goes
     * on: a number that leaps ahead is taken, because events get lost; but when {@value #PROOFS} numbers in a row go on
     * where the numbers were before the leap, or in another run of numbers that were not here yet, those are the real
     * ones, and the leap is taken back. So a forged number costs its source seven events at most, and one that was here
     * is never taken again. A marker costs nothing: it is wrong as soon as a lower number arrives.
     *
     * <p>But a publisher that has connected anew looks alike: what is still on its way on the old connection arrives
     * behind what came on the new one. So where another one has come right behind the leap, or a marker with the number
     * before right before it, what is lower is overtaken for a while; once only, if it shows then that they were
     * forged.
     */
    static final class Run {

        /** The number was here, or is overtaken. */
        static final long LATE = -1;

        /** The number is further ahead than a source can have counted. */
        static final long IMPLAUSIBLE = -2;

        private static final long MAX_LEAP = 1L << 32;
        private static final int PROOFS =
                8; // more than are overtaken by one event when servers of a cluster change roles
        private static final long OVERTAKEN_NANOS =
                TimeUnit.SECONDS.toNanos(10); // what an ended connection still brings
        private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1); // then it has brought all
        private static final int MAX_HOLES = 16;
        private static final long[] NONE = {};

        private long first; // nothing is known of the numbers below it
        private long last; // of an event; 0 if there was none
        private long told; // the highest that markers have said since then; 0 if there was none
        private long missed; // events that markers have said to be missing since then
        private long other; // with which another run of numbers would go on
        private int proofs; // of that run
        private long[] holes = NONE; // the missing numbers as pairs, from and to, ascending
        private int holeEnd;
        private long takenBack;
        private final LongSupplier clock;
        private long leaped; // when, the first time in a while
        private long overtaken; // when the last one was
        private int goneOn; // events since then that came right behind another one
        private boolean forged; // was a run behind a leap, which stood for a while and is not going to do so again

        Run() {
            this(System::nanoTime);
        }

        Run(LongSupplier clock) {
            this.clock = clock;
            this.leaped = clock.getAsLong() - OVERTAKEN_NANOS;
            this.overtaken = leaped;
        }

        /**
         * Takes the number of an event.
         *
         * @return how many events are missing before it; {@link #LATE} and {@link #IMPLAUSIBLE} if it is to be dropped
         */
        long event(long sequence) {
            takenBack = 0;
            if (sequence == last + 1 && told == 0) {
                last = sequence;
                goneOn++;
                if (proofs > 0) {
                    proofs--;
                }
                return 0;
            }
            return sequence <= last ? lower(sequence) : higher(sequence);
        }

        /**
         * Takes the number of a marker.
         *
         * @return how many events are missing behind the last one; {@link #IMPLAUSIBLE} if it is to be dropped
         */
        long marker(long sequence) {
            takenBack = 0;
            long known = Math.max(last, told);
            if (known == 0) { // whoever comes late cannot know what was before
                told = sequence;
                return 0;
            }
            long missing = Math.max(0, sequence - known);
            if (missing > MAX_LEAP) {
                return IMPLAUSIBLE;
            }
            told = missing > 0 ? sequence : told;
            missed += missing;
            return missing;
        }

        /** How many events that were called missing are not, as the last number has shown. */
        long takenBack() {
            return takenBack;
        }

        private long higher(long sequence) {
            if (last == 0 && sequence <= told) {
                takeBackMarkers();
            }
            long known = Math.max(last, told);
            if (known == 0) {
                startAt(sequence);
                return 0;
            }
            if (sequence - known > MAX_LEAP) {
                if (!proves(sequence)) {
                    return IMPLAUSIBLE;
                }
                startAt(sequence); // what is missing before it cannot be said
                return 0;
            }
            if (sequence <= told) {
                takeBackMarkers(); // they speak of what was sent before them, and nothing may come behind them
            }
            boolean announced = sequence == told + 1;
            long missing = sequence - Math.max(last, told) - 1;
            if (last == 0) {
                first = sequence;
            } else if (sequence > last + 1) {
                addHole(last + 1, sequence - 1);
                leaps(clock.getAsLong());
                goneOn += announced ? 1 : 0;
            }
            last = sequence;
            told = 0;
            missed = 0;
            return missing;
        }

        private long lower(long sequence) {
            if (!isMissing(sequence) || isOvertaken() || !proves(sequence)) {
                return LATE;
            }
            takeBackMarkers();
            forged |= goneOn > 0;
            leaped = clock.getAsLong() - OVERTAKEN_NANOS; // it is taken back
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

        /** It stands for a while from now on, unless the one before is in doubt still. */
        private void leaps(long now) {
            if (now - leaped >= OVERTAKEN_NANOS && now - overtaken >= QUIET_NANOS) {
                leaped = now;
                goneOn = 0;
            }
        }

        private boolean isOvertaken() {
            if (forged || goneOn == 0) {
                return false;
            }
            long now = clock.getAsLong();
            boolean stands = now - leaped < OVERTAKEN_NANOS;
            overtaken = stands ? now : overtaken;
            return stands;
        }

        private void startAt(long sequence) {
            first = sequence;
            last = sequence;
            told = 0;
            missed = 0;
            holeEnd = 0;
        }

        private void takeBackMarkers() {
            takenBack += missed;
            missed = 0;
            told = 0;
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

        /** Whether this number is the last one that it takes to believe the run that it belongs to. */
        private boolean proves(long sequence) {
            if (sequence == other) {
                proofs++;
                other++;
            } else if (proofs > 0) {
                proofs--; // one of a third run; the other one is not forgotten for it
            }
            if (proofs == 0) {
                other = sequence + 1;
                proofs = 1;
            }
            boolean proven = proofs >= PROOFS;
            proofs = proven ? 0 : proofs;
            return proven;
        }

        private void addHole(long from, long to) {
            if (holeEnd == 2 * MAX_HOLES) {
                joinHoles();
            }
            if (holeEnd == holes.length) {
                holes = Arrays.copyOf(holes, holeEnd == 0 ? 2 : 2 * holeEnd);
            }
            holes[holeEnd] = from;
            holes[holeEnd + 1] = to;
            holeEnd += 2;
        }

        /**
         * Joins the oldest two. That forgets no missing number, which a forger could have meant, but takes what was
         * here between them for missing; frames that come twice do so sooner.
         */
        private void joinHoles() {
            holes[1] = holes[3];
            System.arraycopy(holes, 4, holes, 2, holeEnd - 4);
            holeEnd -= 2;
        }
    }
}
