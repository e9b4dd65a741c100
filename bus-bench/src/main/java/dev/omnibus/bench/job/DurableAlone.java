package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.DurableClient;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Durable events one at a time: how long from publishing until the handler of a group is run, in this process, which
 * has one client for each side. The next one is published when this one is kept and handled.
 */
record DurableAlone(String name, String title, int bytes) implements DurableJob {

    private static final long PATIENCE_SECONDS = 10;

    private record Arrival(long order, long at) {}

    @Override
    public Metric metric() {
        return Metric.P50;
    }

    @Override
    public Measured measure(DurableClient client, Peer peer, Stage stage) throws Exception {
        BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
        try (DurableClient consumer = peer.durable(stage.servers().addresses())) {
            consumer.consume(Intake.GROUP_NAME, order -> arrivals.add(new Arrival(order.id(), System.nanoTime())));
            Histogram unused = new Histogram(3);
            long next = run(client, arrivals, 0, stage.warmUpNanos(), unused);
            Histogram latencies = new Histogram(3);
            Meter meter = new Meter(stage.servers(), peer, Usage::ofThisProcess);
            long end = run(client, arrivals, next, stage.nanos(), latencies);
            Map<Metric, Double> values = new EnumMap<>(meter.perOperation((double) (end - next)));
            values.put(Metric.P50, latencies.getValueAtPercentile(50) / 1e3);
            values.put(Metric.P99, latencies.getValueAtPercentile(99) / 1e3);
            values.put(Metric.P999, latencies.getValueAtPercentile(99.9) / 1e3);
            return new Measured(values);
        }
    }

    /** Returns the number of the next one. */
    private long run(DurableClient client, BlockingQueue<Arrival> arrivals, long first, long nanos, Histogram latencies)
            throws Exception {
        String note = Order.note(bytes);
        long next = first;
        long start = System.nanoTime();
        for (long begun = start; begun - start < nanos; begun = System.nanoTime()) {
            var kept = client.publish(Order.of(next, note)).toCompletableFuture();
            Arrival arrival = arrivals.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (arrival == null || arrival.order() != next) {
                throw new IllegalStateException("instead of event " + next + " there came " + arrival);
            }
            latencies.recordValue(arrival.at() - begun);
            kept.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            next++;
        }
        return next;
    }
}
