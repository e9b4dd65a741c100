package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Ability;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.peer.Publisher;
import dev.omnibus.bench.server.Addresses;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** Events from one publisher in this process to subscribers in processes of their own, all of which get all events. */
public record EventJob(String name, String title, int processes, int topicCount, int bytes) implements Job {

    /** How far the publisher may be ahead: enough to keep everybody busy, too little for anybody's buffers. */
    private static final int MAX_AHEAD = 16_384;

    private static final int MAX_BYTES_AHEAD = 4 * 1024 * 1024;

    private static final long LAST_ONES_NANOS = TimeUnit.SECONDS.toNanos(2);

    public static List<String> topics(int count) {
        return IntStream.range(0, count).mapToObj(i -> "bench.orders." + i).toList();
    }

    @Override
    public boolean suits(Peer peer) {
        return peer.abilities().contains(Ability.EVENT);
    }

    @Override
    public Metric metric() {
        return Metric.RATE;
    }

    @Override
    public Measured measure(Peer peer, Stage stage) throws Exception {
        Addresses addresses = stage.servers().addresses();
        Subscribers subscribers = stage.subscribers();
        int credit = Math.min(MAX_AHEAD, MAX_BYTES_AHEAD / bytes);
        subscribers.open(peer, addresses, processes, topicCount, credit);
        try (Publisher publisher = peer.publisher(addresses, topics(topicCount))) {
            Flow flow = new Flow(publisher, subscribers, Order.note(bytes));
            flow.run(stage.warmUpNanos());
            return measure(flow, peer, stage);
        } finally {
            subscribers.end();
        }
    }

    private Measured measure(Flow flow, Peer peer, Stage stage) {
        Subscribers subscribers = stage.subscribers();
        long publishedBefore = flow.published;
        long receivedBefore = subscribers.count().sum();
        Meter meter = new Meter(
                stage.servers(),
                peer,
                () -> Usage.ofThisProcess().plus(subscribers.count().usage()));
        long start = System.nanoTime();
        flow.run(stage.nanos());
        double seconds = (flow.lastArrival - start) / 1e9;
        double published = flow.published - publishedBefore;
        double received = (double) (subscribers.count().sum() - receivedBefore) / processes;
        Map<Metric, Double> values = new EnumMap<>(meter.perOperation(Math.max(1, received)));
        values.put(Metric.RATE, received / seconds);
        values.put(Metric.LOST, 100.0 * (1 - received / published));
        return new Measured(values);
    }

    /** The publisher at work. */
    private final class Flow {

        private final Publisher publisher;
        private final Subscribers subscribers;
        private final String note;
        private long published;
        private long lastArrival;

        Flow(Publisher publisher, Subscribers subscribers, String note) {
            this.publisher = publisher;
            this.subscribers = subscribers;
            this.note = note;
        }

        /** Publishes for a while, then waits until everything has arrived, or nothing arrives any more. */
        void run(long nanos) {
            long start = System.nanoTime();
            while (System.nanoTime() - start < nanos) {
                subscribers.awaitCredit(published);
                publisher.publish((int) (published % topicCount), Order.of(published, note));
                published++;
            }
            long received = subscribers.count().least();
            lastArrival = System.nanoTime();
            while (received < published && System.nanoTime() - lastArrival < LAST_ONES_NANOS) {
                long now = subscribers.count().least();
                if (now > received) {
                    received = now;
                    lastArrival = System.nanoTime();
                }
            }
        }
    }
}
