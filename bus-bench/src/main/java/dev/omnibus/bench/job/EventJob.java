package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Ability;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.peer.Publisher;
import dev.omnibus.bench.server.Addresses;
import java.util.List;
import java.util.stream.IntStream;

/** Events from one publisher in this process to subscribers in processes of their own, all of which get all events. */
public record EventJob(String name, String title, int processes, int topicCount, int bytes) implements Job {

    /** How far the publisher may be ahead: enough to keep everybody busy, too little for anybody's buffers. */
    static final int MAX_AHEAD = 16_384;

    private static final int MAX_BYTES_AHEAD = 4 * 1024 * 1024;

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
        subscribers.open(Intake.EVENTS, peer, addresses, processes, topicCount, credit);
        try (Publisher publisher = peer.publisher(addresses, topics(topicCount))) {
            Flow flow = new Flow(publisher, subscribers, topicCount, Order.note(bytes));
            flow.run(stage.warmUpNanos());
            return flow.measure(peer, stage, subscribers::usage);
        } finally {
            subscribers.end();
        }
    }
}
