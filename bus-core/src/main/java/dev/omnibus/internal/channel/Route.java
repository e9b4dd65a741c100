package dev.omnibus.internal.channel;

import dev.omnibus.internal.concurrent.FailureLog;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bulkhead: what is sent to one server, or to one master of a cluster, with its own account of writes and bytes. A
 * server that does not answer holds up no other.
 *
 * <p>A route is to lanes what a lane is to messages: a few writes are in flight at a time; lanes that become ready
 * meanwhile gather and are sent together in one write. A heartbeat does not wait for that.
 *
 * <p>A route measures its round trip. Where that is long, waiting for it would cost more than it saves: a lane may have
 * several frames in flight there, see {@link Lane}, and so many more lanes are in flight. All of this is then sent on
 * the transport's thread, which keeps its order.
 */
class Route {

    /** Enough for the lanes of a few channels to be sent side by side, few enough for many lanes to gather. */
    private static final int MAX_WRITES = 4;

    private static final int MAX_LANES_PER_WRITE = 256;

    /** With that many in flight, the others go on gathering: few large frames cost less than many small ones. */
    private static final int MAX_LANES = 64;

    /** About what the work for as many takes; a round trip that is as long needs as many again. */
    private static final long MAX_LANES_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final int MAX_LANES_FAR = 1_024;

    /** Several times what it is to a server of the same machine, and less than between two zones of a cloud. */
    private static final long FAR_NANOS = TimeUnit.MICROSECONDS.toNanos(400);

    /** Before that many nothing is known: the first ones wait for code to be loaded. */
    private static final int MIN_ROUND_TRIPS = 16;

    /** For how long a shortest round trip counts, at least; a route seldom changes. */
    private static final long SHORTEST_COUNTS_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final Logger LOG = LoggerFactory.getLogger(Route.class);

    final Object key; // as the transport names it
    final ByteBudget.Share room;
    int lanes; // on this route; guarded by the outbox

    private final Transport transport;
    private final TransportException noMemory;

    /** Made beforehand as well. */
    private final TransportException unknown = new TransportException(
            Kind.CONNECTION_LOST, false, "The transport failed while sending; it may have sent", null);

    private final Queue<Lane> ready = new ConcurrentLinkedQueue<>();
    private final Queue<Lane> heartbeats = new ConcurrentLinkedQueue<>(); // ready as well, and not held up
    private final Queue<Lane> paced = new ConcurrentLinkedQueue<>(); // ready at a time of their own
    private final AtomicInteger writes = new AtomicInteger(); // in flight
    private final AtomicInteger publications = new AtomicInteger(); // in flight, one for each lane
    private final AtomicInteger wanted = new AtomicInteger(); // calls of drain() that were not served yet
    private final AtomicBoolean handedOver = new AtomicBoolean(); // a drain to the transport's thread
    private final AtomicBoolean timed = new AtomicBoolean(); // the next drain of paced lanes
    private final LongSupplier clock;
    private volatile int roundTrips; // that were measured, about
    private volatile long shortest = Long.MAX_VALUE; // round trip of late
    private volatile long shortestBefore = Long.MAX_VALUE;
    private volatile long shortestSince;

    Route(Object key, Transport transport, ByteBudget room, TransportException noMemory, LongSupplier clock) {
        this.key = key;
        this.transport = transport;
        this.noMemory = noMemory;
        this.room = room.new Share(key == transport);
        this.clock = clock;
        this.shortestSince = clock.getAsLong();
    }

    /** Whether the round trip is so long that a lane may have several frames in flight. */
    boolean isFar() {
        long nanos = roundTrip();
        return nanos >= FAR_NANOS && nanos != Long.MAX_VALUE && roundTrips >= MIN_ROUND_TRIPS;
    }

    private long roundTrip() {
        return Math.min(shortest, shortestBefore);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one that is lost does no harm
    private void observe(long nanos) {
        if (nanos < shortest) {
            shortest = nanos;
        }
        if (roundTrips < MIN_ROUND_TRIPS) {
            roundTrips++;
        }
    }

    /**
     * Queues a lane that has something to send now, for {@link #pump} to ask it.
     *
     * @param heartbeat whether a heartbeat waits in it, which other lanes do not hold up
     */
    void add(Lane lane, boolean heartbeat) {
        (heartbeat ? heartbeats : ready).add(lane);
    }

    /** Queues a lane that has something to send while frames of it are in flight, for the time when that is due. */
    void addPaced(Lane lane) {
        paced.add(lane);
    }

    /** Sends what is ready, on the transport's thread if the route is far. */
    void pump() {
        if (!isFar()) {
            drain(false);
        } else if (handedOver.compareAndSet(false, true)) {
            try {
                transport.together(() -> {
                    handedOver.set(false);
                    drain(true);
                });
            } catch (OutOfMemoryError e) {
                handedOver.set(false); // the next call, or the next heartbeat, goes on
            }
        }
    }

    /** Has paced lanes sent when the next of them is due. */
    void pumpIn(long nanos) {
        if (timed.compareAndSet(false, true)) {
            try {
                transport.later(nanos, () -> {
                    timed.set(false);
                    drain(true);
                });
            } catch (OutOfMemoryError e) {
                timed.set(false); // as above
            }
        }
    }

    /** Once per heartbeat: goes on with what was left, for lack of memory or with a thread that has died. */
    void tick() {
        long now = clock.getAsLong();
        if (now - shortestSince >= SHORTEST_COUNTS_NANOS) {
            shortestSince = now;
            shortestBefore = shortest;
            shortest = Long.MAX_VALUE;
        }
        handedOver.set(false);
        timed.set(false);
        pump();
    }

    /**
     * Sends what is ready while fewer than the allowed writes are in flight: a serial drain, in which one thread works
     * for all that call meanwhile, so that a transport that completes at once does not make this recursive. Where there
     * is no memory for it, the next call does it, or the next heartbeat.
     *
     * @param inOrder whether this is the transport's thread, which keeps the order of what it sends
     */
    private void drain(boolean inOrder) {
        if (wanted.getAndIncrement() != 0) {
            return;
        }
        int answered = 1;
        try {
            do {
                while (!heartbeats.isEmpty()) {
                    write(heartbeats, 0, inOrder);
                }
                while (hasPlaces() && !ready.isEmpty()) {
                    write(ready, 1, inOrder);
                }
                drainPaced(inOrder);
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

    private void drainPaced(boolean inOrder) {
        Lane first;
        while ((first = paced.peek()) != null && hasPlaces()) {
            long wait = first.dueIn(clock.getAsLong());
            if (wait > 0) {
                pumpIn(wait);
                return;
            }
            write(paced, 1, inOrder);
        }
    }

    private boolean hasPlaces() {
        return isFar() ? publications.get() < maxLanes() : writes.get() < MAX_WRITES && publications.get() < MAX_LANES;
    }

    private int maxLanes() {
        long nanos = isFar() ? roundTrip() : 0;
        return (int) Math.min(MAX_LANES + nanos / (MAX_LANES_NANOS / MAX_LANES), MAX_LANES_FAR);
    }

    /**
     * Makes one write of the lanes in a queue, with the weight that it has among the writes in flight: 0 for
     * heartbeats.
     */
    private void write(Queue<Lane> from, int weight, boolean inOrder) {
        List<Publication> together = new ArrayList<>();
        AtomicInteger open = new AtomicInteger();
        boolean far = inOrder && isFar();
        long now = clock.getAsLong();
        Lane lane;
        while (together.size() < MAX_LANES_PER_WRITE && (lane = poll(from, now)) != null) {
            Publication next = null;
            try {
                next = lane.next(far);
                if (next != null) {
                    together.add(new Publication(
                            next.channel(),
                            next.frame(),
                            next.counted(),
                            new Counting(open, weight, now, next.outcome())));
                }
            } catch (OutOfMemoryError e) {
                if (next == null) {
                    break; // the lane notices that it is not queued any more
                }
                fail(next.outcome(), noMemory);
            }
        }
        if (together.isEmpty()) {
            return;
        }
        open.set(together.size());
        publications.addAndGet(weight * together.size());
        writes.addAndGet(weight);
        handOver(together, far ? 1 : together.size());
    }

    private @Nullable Lane poll(Queue<Lane> from, long now) {
        if (from != paced) {
            return from.poll();
        }
        Lane first = paced.peek();
        return first == null || first.dueIn(now) > 0 ? null : paced.poll();
    }

    /** So many at a time: over a long round trip one, as a batch would keep the connection until it is answered. */
    private void handOver(List<Publication> together, int atATime) {
        for (int from = 0; from < together.size(); from += atATime) {
            try {
                transport.publish(atATime == 1 ? List.of(together.get(from)) : together);
            } catch (RuntimeException | Error e) {
                for (int i = from; i < from + atATime; i++) {
                    fail(together.get(i).outcome(), failed(e));
                }
            }
        }
    }

    private TransportException failed(Throwable why) {
        try {
            return new TransportException(unknown.kind(), false, String.valueOf(unknown.getMessage()), why);
        } catch (OutOfMemoryError e) {
            return unknown;
        }
    }

    /** Fails one, and has the others go on. */
    private static void fail(Publication.Outcome outcome, TransportException failure) {
        try {
            outcome.failed(failure);
        } catch (OutOfMemoryError e) {
            FailureLog.error(LOG, e, "There was no memory to notify the sender of a message");
        }
    }

    /** A once-only outcome that frees the place of its write when the last publication of it has completed. */
    private final class Counting implements Publication.Outcome {

        private final AtomicInteger open;
        private final int weight;
        private final long began;
        private final AtomicBoolean done = new AtomicBoolean();
        private final Publication.Outcome outcome;

        Counting(AtomicInteger open, int weight, long began, Publication.Outcome outcome) {
            this.open = open;
            this.weight = weight;
            this.began = began;
            this.outcome = outcome;
        }

        @Override
        public void published(long receivers, long patternSubscribers) {
            if (done.compareAndSet(false, true)) {
                observe(clock.getAsLong() - began);
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

        @Override
        public void delayed() {
            outcome.delayed();
        }

        private void completed() {
            boolean last = open.decrementAndGet() == 0;
            if (last) {
                writes.addAndGet(-weight);
            }
            boolean wereAll = publications.getAndAdd(-weight) >= maxLanes();
            if ((wereAll || last) && !(ready.isEmpty() && paced.isEmpty() && heartbeats.isEmpty())) {
                pump();
            }
        }
    }
}
