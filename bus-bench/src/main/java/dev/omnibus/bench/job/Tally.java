package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Receipt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** What a load does and how it went. Counting is thread-safe; latencies are recorded by one thread. */
public final class Tally {

    private static final AtomicLong IDS = new AtomicLong(); // also over several measurements: late answers must not fit

    private final String note;
    private final int nodes;
    private final LongAdder done = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final Histogram latencies = new Histogram(3);
    private final AtomicReference<String> firstFailure = new AtomicReference<>("");
    private double rate;

    public Tally(String note, int nodes) {
        this.note = note;
        this.nodes = nodes;
    }

    public Order nextOrder() {
        return Order.of(IDS.incrementAndGet(), note);
    }

    /** How many answer a broadcast. */
    public int nodes() {
        return nodes;
    }

    public void answered(Order order, @Nullable Receipt receipt) {
        count(receipt != null && receipt.isFor(order));
    }

    /** Keeps the first one, to tell why. */
    public void failed(Throwable why) {
        firstFailure.compareAndSet("", why.toString());
    }

    public void count(boolean good) {
        (good ? done : failed).increment();
    }

    public void failed(long calls) {
        failed.add(calls);
    }

    /** To be called at the end of the time, before what is still under way is waited for. */
    public void ended(long startedNanos) {
        rate = done.sum() * 1e9 / (System.nanoTime() - startedNanos);
    }

    /** Fails if nothing went well: then there is nothing to compare. */
    public void requireSuccess() {
        if (done.sum() == 0) {
            throw new IllegalStateException("none of " + failed.sum() + " calls succeeded " + firstFailure.get());
        }
    }

    public long done() {
        return done.sum();
    }

    public long failed() {
        return failed.sum();
    }

    public double rate() {
        return rate;
    }

    public Histogram latencies() {
        return latencies;
    }
}
