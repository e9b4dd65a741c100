package dev.omnibus.channel;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sends the messages of this process, lane by lane.
 *
 * <p>What a lane is to messages, the outbox is to lanes: a few writes are under way at a time; lanes that become ready
 * meanwhile gather and go out together in one write.
 */
final class Outbox {

    /** Enough for the lanes of a few channels to go side by side, few enough for many lanes to gather. */
    private static final int WRITES_UNDER_WAY = 4;

    private static final int LANES_PER_WRITE = 256;

    /** While so many are under way, the others go on gathering: few large frames cost less than many small ones. */
    private static final int LANES_UNDER_WAY = 64;

    /**
     * Made beforehand, because there is no memory for it when it is needed; one for each bus, because its trace keeps
     * the classes of whoever made the bus.
     */
    final TransportException noMemory = new TransportException(
            Kind.OUTBOX_FULL, true, "There is no memory to send with; send less at a time", null);

    private final Transport transport;
    private final Queue<Lane> ready = new ConcurrentLinkedQueue<>();
    private final AtomicInteger writes = new AtomicInteger();
    private final AtomicInteger lanes = new AtomicInteger(); // under way
    private final AtomicInteger wanted = new AtomicInteger(); // calls of pump() not yet answered
    private final Set<Lane> holding = ConcurrentHashMap.newKeySet();

    Outbox(Transport transport) {
        this.transport = transport;
    }

    /** Called by a lane that has something to send and nothing under way. */
    void ready(Lane lane) {
        ready.add(lane);
        pump();
    }

    /** Sends what is ready, should it have been left for lack of memory. */
    void tick() {
        pump();
    }

    /** Called by a lane whose messages wait for the link. */
    void hold(Lane lane) {
        holding.add(lane);
    }

    /** Has the lanes that wait for the link try again, or give up what has waited too long. */
    void retry() {
        long now = System.nanoTime();
        for (Lane lane : List.copyOf(holding)) {
            holding.remove(lane); // before it looks: it comes back if it goes on holding
            lane.retry(now);
        }
    }

    /**
     * Sends what is ready while fewer than the allowed writes are under way. One thread at a time does it, on behalf of
     * all who call meanwhile, so that a transport that completes at once does not make this recursive.
     */
    private void pump() {
        if (wanted.getAndIncrement() != 0) {
            return;
        }
        int answered = 1;
        try {
            do {
                while (writes.get() < WRITES_UNDER_WAY && lanes.get() < LANES_UNDER_WAY && !ready.isEmpty()) {
                    write();
                }
                answered = wanted.addAndGet(-answered);
            } while (answered != 0);
        } finally {
            if (answered != 0) { // no memory: who comes next tries again, or the next beat
                wanted.set(0);
            }
        }
    }

    private void write() {
        List<Publication> publications = new ArrayList<>();
        AtomicInteger open = new AtomicInteger();
        Lane lane;
        while (publications.size() < LANES_PER_WRITE && (lane = ready.poll()) != null) {
            Publication next = null;
            try {
                next = lane.next();
                if (next != null) {
                    publications.add(new Publication(
                            next.channel(), next.frame(), next.counted(), new Counting(open, next.outcome())));
                }
            } catch (OutOfMemoryError e) {
                if (next != null) {
                    next.outcome().failed(noMemory);
                } else if (publications.isEmpty()) {
                    ready.add(lane); // it has taken nothing
                    throw e;
                } else {
                    ready.add(lane);
                    break;
                }
            }
        }
        if (publications.isEmpty()) {
            return;
        }
        open.set(publications.size());
        lanes.addAndGet(publications.size());
        writes.incrementAndGet();
        try {
            transport.publish(publications);
        } catch (RuntimeException | Error e) {
            TransportException failure = new TransportException(
                    Kind.CONNECTION_LOST, false, "The transport failed while sending; it may have sent", e);
            publications.forEach(publication -> publication.outcome().failed(failure));
        }
    }

    /** Frees the place of a write when its last publication is completed. */
    private final class Counting implements Publication.Outcome {

        private final AtomicInteger open;
        private final AtomicBoolean told = new AtomicBoolean();
        private final Publication.Outcome outcome;

        Counting(AtomicInteger open, Publication.Outcome outcome) {
            this.open = open;
            this.outcome = outcome;
        }

        @Override
        public void published(long receivers, long onlookers) {
            if (told.compareAndSet(false, true)) {
                try {
                    outcome.published(receivers, onlookers);
                } finally {
                    completed(); // or the place would be lost for ever
                }
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (told.compareAndSet(false, true)) {
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
                writes.decrementAndGet();
            }
            if (lanes.getAndDecrement() == LANES_UNDER_WAY || last) {
                pump();
            }
        }
    }
}
