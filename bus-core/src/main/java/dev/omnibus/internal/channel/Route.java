package dev.omnibus.internal.channel;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A bulkhead: what is sent to one server, or to one master of a cluster, with its own account of writes and bytes. A
 * server that does not answer holds up no other.
 *
 * <p>A route is to lanes what a lane is to messages: a few writes are in flight at a time; lanes that become ready
 * meanwhile gather and are sent together in one write. A heartbeat does not wait for that.
 */
class Route {

    /** Enough for the lanes of a few channels to be sent side by side, few enough for many lanes to gather. */
    private static final int MAX_WRITES = 4;

    private static final int MAX_LANES_PER_WRITE = 256;

    /** With that many in flight, the others go on gathering: few large frames cost less than many small ones. */
    private static final int MAX_LANES = 64;

    final Object key; // as the transport names it
    final ByteBudget.Share room;
    int lanes; // on this route; guarded by the outbox

    private final Transport transport;
    private final TransportException noMemory;
    private final Queue<Lane> ready = new ConcurrentLinkedQueue<>();
    private final Queue<Lane> heartbeats = new ConcurrentLinkedQueue<>(); // ready as well, and not held up
    private final AtomicInteger writes = new AtomicInteger(); // in flight
    private final AtomicInteger publications = new AtomicInteger(); // in flight, one for each lane
    private final AtomicInteger wanted = new AtomicInteger(); // calls of pump() that were not served yet

    Route(Object key, Transport transport, ByteBudget room, TransportException noMemory) {
        this.key = key;
        this.transport = transport;
        this.noMemory = noMemory;
        this.room = room.new Share(key == transport);
    }

    /**
     * Queues a lane that has something to send and nothing in flight, for {@link #pump} to ask it.
     *
     * @param heartbeat whether a heartbeat waits in it, which other lanes do not hold up
     */
    void add(Lane lane, boolean heartbeat) {
        (heartbeat ? heartbeats : ready).add(lane);
    }

    /**
     * Sends what is ready while fewer than the allowed writes are in flight: a serial drain, in which one thread works
     * for all that call meanwhile, so that a transport that completes at once does not make this recursive. Where there
     * is no memory for it, the next call does it, or the next heartbeat.
     */
    void pump() {
        if (wanted.getAndIncrement() != 0) {
            return;
        }
        int answered = 1;
        try {
            do {
                while (!heartbeats.isEmpty()) {
                    write(heartbeats, 0);
                }
                while (writes.get() < MAX_WRITES && publications.get() < MAX_LANES && !ready.isEmpty()) {
                    write(ready, 1);
                }
                answered = wanted.addAndGet(-answered);
            } while (answered != 0);
        } catch (OutOfMemoryError e) {
            // the next call, or the next heartbeat, goes on
        } finally {
            if (answered != 0) {
                wanted.set(0);
            }
        }
    }

    /**
     * Makes one write of the lanes in a queue, with the weight that it has among the writes in flight: 0 for
     * heartbeats.
     */
    private void write(Queue<Lane> from, int weight) {
        List<Publication> together = new ArrayList<>();
        AtomicInteger open = new AtomicInteger();
        Lane lane;
        while (together.size() < MAX_LANES_PER_WRITE && (lane = from.poll()) != null) {
            Publication next = null;
            try {
                next = lane.next();
                if (next != null) {
                    together.add(new Publication(
                            next.channel(), next.frame(), next.counted(), new Counting(open, weight, next.outcome())));
                }
            } catch (OutOfMemoryError e) {
                if (next == null) {
                    break; // the lane notices that it is not queued any more
                }
                next.outcome().failed(noMemory);
            }
        }
        if (together.isEmpty()) {
            return;
        }
        open.set(together.size());
        publications.addAndGet(weight * together.size());
        writes.addAndGet(weight);
        try {
            transport.publish(together);
        } catch (RuntimeException | Error e) {
            TransportException failure = new TransportException(
                    Kind.CONNECTION_LOST, false, "The transport failed while sending; it may have sent", e);
            together.forEach(publication -> publication.outcome().failed(failure));
        }
    }

    /** A once-only outcome that frees the place of its write when the last publication of it has completed. */
    private final class Counting implements Publication.Outcome {

        private final AtomicInteger open;
        private final int weight;
        private final AtomicBoolean done = new AtomicBoolean();
        private final Publication.Outcome outcome;

        Counting(AtomicInteger open, int weight, Publication.Outcome outcome) {
            this.open = open;
            this.weight = weight;
            this.outcome = outcome;
        }

        @Override
        public void published(long receivers, long patternSubscribers) {
            if (done.compareAndSet(false, true)) {
                try {
                    outcome.published(receivers, patternSubscribers);
                } finally {
                    completed(); // or the place would be lost forever
                }
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (done.compareAndSet(false, true)) {
                try {
                    outcome.failed(failure);
                } finally {
                    completed();
                }
            }
        }

        private void completed() {
            boolean last = open.decrementAndGet() == 0;
            if (last) {
                writes.addAndGet(-weight);
            }
            if (publications.getAndAdd(-weight) == MAX_LANES || last) {
                pump();
            }
        }
    }
}
