package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Ability;
import dev.omnibus.bench.peer.Closing;
import dev.omnibus.bench.peer.Peer;
import java.lang.management.ManagementFactory;
import java.util.Map;

/** What a subscription costs that nothing arrives for: memory with many of them less memory with one. */
public record HeapJob(String name, String title, int subscriptions) implements Job {

    private static final int COLLECTIONS = 4; // cleaners and soft references take more than one

    /** What subscribing itself needed, such as timers, is gone then: it is idle. */
    private static final long SETTLING_MILLIS = 2_000;

    @Override
    public boolean suits(Peer peer) {
        return peer.abilities().contains(Ability.EVENT);
    }

    @Override
    public Metric metric() {
        return Metric.HEAP;
    }

    @Override
    public Measured measure(Peer peer, Stage stage) throws Exception {
        double one = used(peer, stage, 1);
        double many = used(peer, stage, 1 + subscriptions);
        return new Measured(Map.of(Metric.HEAP, (many - one) / subscriptions));
    }

    private static double used(Peer peer, Stage stage, int subscriptions) throws Exception {
        double before = usedHeap();
        Closing opened = peer.subscribe(stage.servers().addresses(), EventJob.topics(subscriptions), order -> {});
        Thread.sleep(SETTLING_MILLIS);
        double with = usedHeap();
        opened.close();
        return with - before;
    }

    private static double usedHeap() {
        for (int i = 0; i < COLLECTIONS; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
