package dev.omnibus.rpc.internal.server;

import dev.omnibus.rpc.NodeStats;
import dev.omnibus.rpc.RpcException.Reason;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A meter of one method: how its calls have ended, and a histogram of how long they took. Its buckets are an eighth of
 * a power of two wide, from one microsecond to half a day: a call costs one addition, a method two kilobytes, and a
 * quantile is at most an eighth too large, which is enough to see which method is slow, and needs no library.
 * Thread-safe.
 */
final class MethodMeter {

    private static final int PER_OCTAVE_BITS = 3;
    private static final int PER_OCTAVE = 1 << PER_OCTAVE_BITS;
    private static final int BUCKETS = (36 - PER_OCTAVE_BITS + 2) * PER_OCTAVE; // the last one begins at 2^36 µs

    private final AtomicLongArray took = new AtomicLongArray(BUCKETS);
    private final Map<Reason, LongAdder> failed = new EnumMap<>(Reason.class); // complete, and never changed
    private final AtomicLong longest = new AtomicLong(); // microseconds

    MethodMeter() {
        for (Reason reason : Reason.values()) {
            failed.put(reason, new LongAdder());
        }
    }

    /** A call has its answer; no reason means a result. */
    void ended(long nanos, @Nullable Reason reason) {
        if (reason != null) {
            Objects.requireNonNull(failed.get(reason)).increment();
        }
        if (reason == null || reason == Reason.FAULT) {
            long micros = Math.max(0, nanos / 1_000);
            took.getAndIncrement(bucket(micros));
            if (micros > longest.get()) {
                longest.accumulateAndGet(micros, Math::max);
            }
        }
    }

    static int bucket(long micros) {
        if (micros < PER_OCTAVE) {
            return (int) micros;
        }
        int octave = Long.SIZE - 1 - Long.numberOfLeadingZeros(micros) - PER_OCTAVE_BITS;
        int within = (int) (micros >>> octave) & (PER_OCTAVE - 1);
        return Math.min(BUCKETS - 1, (octave + 1) * PER_OCTAVE + within);
    }

    /** The most that is in a bucket. */
    static long most(int bucket) {
        if (bucket < PER_OCTAVE) {
            return bucket;
        }
        int octave = bucket / PER_OCTAVE - 1;
        long within = bucket % PER_OCTAVE;
        return ((PER_OCTAVE + within + 1) << octave) - 1;
    }

    /** What it has measured, with what is there at this moment. */
    NodeStats.Method stats(int running, int waiting) {
        long[] counts = new long[BUCKETS];
        long executed = 0;
        for (int i = 0; i < BUCKETS; i++) {
            counts[i] = took.get(i);
            executed += counts[i];
        }
        Map<Reason, Long> failures = new EnumMap<>(Reason.class);
        long others = 0;
        for (Map.Entry<Reason, LongAdder> one : failed.entrySet()) {
            long calls = one.getValue().sum();
            if (calls > 0) {
                failures.put(one.getKey(), calls);
                others += one.getKey() == Reason.FAULT ? 0 : calls;
            }
        }
        long max = longest.get();
        return new NodeStats.Method(
                executed + others,
                failures,
                running,
                waiting,
                quantile(counts, executed, 0.5, max),
                quantile(counts, executed, 0.95, max),
                quantile(counts, executed, 0.99, max),
                Duration.ofNanos(max * 1_000));
    }

    private static Duration quantile(long[] counts, long all, double share, long max) {
        long rank = (long) Math.ceil(share * all);
        long seen = 0;
        for (int i = 0; i < BUCKETS && rank > 0; i++) {
            seen += counts[i];
            if (seen >= rank) {
                return Duration.ofNanos(Math.min(most(i), max) * 1_000);
            }
        }
        return Duration.ZERO;
    }
}
