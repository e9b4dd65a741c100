package dev.omnibus.bench;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** What a load does and how it went. Counting is thread-safe; latencies are recorded by one thread. */
final class Tally {

    private static final AtomicLong IDS = new AtomicLong(); // also over several measurements: late answers must not fit

    private final String note;
    private final int nodes;
    private final LongAdder done = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final Histogram latencies = new Histogram(3);
    private final AtomicReference<String> firstFailure = new AtomicReference<>("");
    private double rate;

    Tally(String note, int nodes) {
        this.note = note;
        this.nodes = nodes;
    }

    Order nextOrder() {
        return Order.of(IDS.incrementAndGet(), note);
    }

    /** How many answer a broadcast. */
    int nodes() {
        return nodes;
    }

    void answered(Order order, @Nullable Receipt receipt) {
        count(receipt != null && receipt.isFor(order));
    }

    /** Keeps the first one, to tell why. */
    void failed(Throwable why) {
        firstFailure.compareAndSet("", why.toString());
    }

    void count(boolean good) {
        (good ? done : failed).increment();
    }

    void failed(long calls) {
        failed.add(calls);
    }

    /** To be called at the end of the time, before what is still under way is waited for. */
    void ended(long startedNanos) {
        rate = done.sum() * 1e9 / (System.nanoTime() - startedNanos);
    }

    /** Fails if nothing went well: then there is nothing to compare. */
    void requireSuccess() {
        if (done.sum() == 0) {
            throw new IllegalStateException("none of " + failed.sum() + " calls succeeded " + firstFailure.get());
        }
    }

    long done() {
        return done.sum();
    }

    long failed() {
        return failed.sum();
    }

    double rate() {
        return rate;
    }

    Histogram latencies() {
        return latencies;
    }
}
