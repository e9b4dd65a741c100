package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Ability;
import dev.omnibus.bench.peer.Caller;
import dev.omnibus.bench.peer.Observing;
import dev.omnibus.bench.peer.OmnibusPeer;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.server.Addresses;
import java.util.EnumMap;
import java.util.Map;

/** Calls to nodes in this process, which have connections of their own; or to one of them by its queue. */
public record CallJob(String name, String title, Load load, int nodes, int bytes, Observing observing) implements Job {

    public CallJob(String name, String title, Load load, int nodes, int bytes) {
        this(name, title, load, nodes, bytes, Observing.NOBODY);
    }

    @Override
    public boolean suits(Peer peer) {
        if (observing != Observing.NOBODY || (nodes > 1 && load.needs() == Ability.CALL)) {
            return peer instanceof OmnibusPeer; // it is compared with itself
        }
        return peer.abilities().contains(load.needs());
    }

    @Override
    public Metric metric() {
        return load.metric();
    }

    @Override
    public Measured measure(Peer peer, Stage stage) throws Exception {
        try (Caller caller = caller(peer, stage.servers().addresses())) {
            String note = Order.note(bytes);
            Tally warm = new Tally(note, nodes);
            load.run(caller, warm, stage.warmUpNanos());
            Tally tally = new Tally(note, nodes);
            Meter meter = new Meter(stage.servers(), peer, Usage::ofThisProcess);
            load.run(caller, tally, stage.nanos());
            tally.requireSuccess();
            return result(tally, meter);
        }
    }

    private Caller caller(Peer peer, Addresses addresses) throws Exception {
        if (load.needs() == Ability.QUEUE) {
            return peer.queue(addresses);
        }
        return peer instanceof OmnibusPeer omnibus
                ? omnibus.caller(addresses, nodes, observing)
                : peer.caller(addresses, nodes);
    }

    private static Measured result(Tally tally, Meter meter) {
        double done = Math.max(1, tally.done());
        Map<Metric, Double> values = new EnumMap<>(meter.perOperation(done));
        values.put(Metric.RATE, tally.rate());
        values.put(Metric.LOST, 100.0 * tally.failed() / (tally.done() + tally.failed()));
        if (tally.latencies().getTotalCount() > 0) {
            values.put(Metric.P50, tally.latencies().getValueAtPercentile(50) / 1e3);
            values.put(Metric.P99, tally.latencies().getValueAtPercentile(99) / 1e3);
            values.put(Metric.P999, tally.latencies().getValueAtPercentile(99.9) / 1e3);
        }
        return new Measured(values);
    }
}
