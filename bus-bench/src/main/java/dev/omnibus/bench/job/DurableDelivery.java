package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Ability;
import dev.omnibus.bench.peer.DurableClient;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.server.Addresses;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Durable events from one publisher in this process to others.
 *
 * @param intake whether those share the events as a group and acknowledge them, or follow them all
 * @param processes how many
 * @param behind how many events another group, whose handler does not return, is behind at the beginning
 */
record DurableDelivery(String name, String title, Intake intake, int processes, int behind, int bytes)
        implements DurableJob {

    private static final String SLOW_GROUP = "slow";
    private static final long LAST_ONES_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** RReliableTopic reads all that the other group is behind in a script, for seconds, each time that it is asked. */
    @Override
    public boolean suits(Peer peer) {
        boolean needsGroups = behind > 0 || (intake == Intake.GROUP && processes > 1);
        return DurableJob.super.suits(peer) && (!needsGroups || peer.abilities().contains(Ability.GROUP));
    }

    @Override
    public Metric metric() {
        return Metric.RATE;
    }

    @Override
    public Measured measure(DurableClient client, Peer peer, Stage stage) throws Exception {
        if (behind == 0) {
            return measureAlone(client, peer, stage);
        }
        CountDownLatch held = new CountDownLatch(1);
        try (DurableClient slow = peer.durable(stage.servers().addresses())) {
            slow.consume(SLOW_GROUP, order -> await(held));
            try {
                return measureAlone(client, peer, stage);
            } finally {
                held.countDown();
            }
        }
    }

    private static void await(CountDownLatch held) {
        try {
            held.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Measured measureAlone(DurableClient client, Peer peer, Stage stage) throws Exception {
        Addresses addresses = stage.servers().addresses();
        Subscribers subscribers = stage.subscribers();
        subscribers.open(intake, peer, addresses, processes, 1, EventJob.MAX_AHEAD);
        try {
            DurablePublisher publisher = new DurablePublisher(client);
            Flow flow = new Flow(publisher, subscribers, 1, Order.note(bytes));
            flow.publish(behind);
            flow.run(stage.warmUpNanos());
            Measured measured = flow.measure(peer, stage, subscribers::usage);
            publisher.require(flow.published());
            requireExactly(flow, subscribers.count());
            if (intake == Intake.GROUP) {
                requireAcknowledged(client);
            }
            return measured;
        } finally {
            subscribers.end();
        }
    }

    private void requireExactly(Flow flow, Subscribers.Count count) {
        int copies = intake.copies(processes);
        if (count.sum() != flow.published() * copies || count.fingerprint() != flow.fingerprint() * copies) {
            throw new IllegalStateException("events were lost or doubled: " + count.sum() + " have come instead of "
                    + flow.published() * copies);
        }
    }

    private static void requireAcknowledged(DurableClient client) throws Exception {
        long begun = System.nanoTime();
        for (long left = client.unacknowledged(Intake.GROUP_NAME);
                left > 0;
                left = client.unacknowledged(Intake.GROUP_NAME)) {
            if (System.nanoTime() - begun > LAST_ONES_NANOS) {
                throw new IllegalStateException(left + " events were not acknowledged");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }
}
