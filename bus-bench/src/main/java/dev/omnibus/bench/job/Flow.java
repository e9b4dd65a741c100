package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.peer.Publisher;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A publisher at work: orders with rising numbers, never too far ahead of who receives them. */
final class Flow {

    /** Those who receive. */
    interface Receivers {

        /** Waits until one more may be published. */
        void awaitCredit(long published);

        /** How many everybody has received, at least. */
        long least();

        /** The same on average. */
        double mean();

        /** After how long without any the rest is given up. */
        long patienceNanos();
    }

    private final Publisher publisher;
    private final Receivers receivers;
    private final int topicCount;
    private final String note;
    private long published;
    private long fingerprint;
    private long lastArrival;

    Flow(Publisher publisher, Receivers receivers, int topicCount, String note) {
        this.publisher = publisher;
        this.receivers = receivers;
        this.topicCount = topicCount;
        this.note = note;
    }

    long published() {
        return published;
    }

    /** As {@link Received#fingerprint}, of all that was published. */
    long fingerprint() {
        return fingerprint;
    }

    /** Publishes for a while, then waits until everything has arrived, or nothing arrives any more. */
    void run(long nanos) {
        long start = System.nanoTime();
        run(() -> System.nanoTime() - start < nanos);
    }

    /** The same with so many. */
    void publish(int count) {
        long end = published + count;
        run(() -> published < end);
    }

    private void run(BooleanSupplier more) {
        while (more.getAsBoolean()) {
            receivers.awaitCredit(published);
            publisher.publish((int) (published % topicCount), Order.of(published, note));
            fingerprint += Received.scattered(published);
            published++;
        }
        long received = receivers.least();
        lastArrival = System.nanoTime();
        while (received < published && System.nanoTime() - lastArrival < receivers.patienceNanos()) {
            long now = receivers.least();
            if (now > received) {
                received = now;
                lastArrival = System.nanoTime();
            }
        }
    }

    /** Publishes for a while, and measures it. */
    Measured measure(Peer peer, Stage stage, Supplier<Usage> usage) {
        long publishedBefore = published;
        double receivedBefore = receivers.mean();
        Meter meter = new Meter(stage.servers(), peer, usage);
        long start = System.nanoTime();
        run(stage.nanos());
        double seconds = (lastArrival - start) / 1e9;
        double received = receivers.mean() - receivedBefore;
        Map<Metric, Double> values = new EnumMap<>(meter.perOperation(Math.max(1, received)));
        values.put(Metric.RATE, received / seconds);
        values.put(Metric.LOST, 100.0 * (1 - received / (published - publishedBefore)));
        return new Measured(values);
    }
}
