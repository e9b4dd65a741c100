package dev.omnibus.channel;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * All messages of this process that are on their way out: bounded in bytes, and sent lane by lane.
 *
 * <p>What a lane is to messages, the outbox is to lanes: a few writes are under way at a time; lanes that become ready
 * meanwhile gather and go out together in one write.
 */
final class Outbox {

    /** Enough for the lanes of a few channels to go side by side, few enough for many lanes to gather. */
    private static final int WRITES_UNDER_WAY = 4;

    private static final int LANES_PER_WRITE = 256;

    private final Transport transport;
    private final Executor executor;
    private final int messageLimit;
    private final long byteLimit;
    private final AtomicLong bytes = new AtomicLong();
    private final Queue<Lane> ready = new ConcurrentLinkedQueue<>();
    private final AtomicInteger writes = new AtomicInteger();
    private final AtomicInteger wanted = new AtomicInteger(); // calls of pump() not yet answered
    private volatile boolean closed;

    Outbox(Transport transport, int messageLimit, long byteLimit, Executor executor) {
        this.transport = transport;
        this.executor = executor;
        this.messageLimit = messageLimit;
        this.byteLimit = byteLimit;
    }

    /** Lets a message in, or tells its sender why not. */
    boolean admit(String channel, Lane.Waiting waiting) {
        int size = waiting.message().length;
        if (size > messageLimit) {
            refuse(
                    waiting,
                    Kind.TOO_LARGE,
                    "The message to " + channel + " has " + size + " bytes; the limit is " + messageLimit
                            + ". Send less, or a reference to where it lies");
            return false;
        }
        if (closed) {
            refuse(waiting, Kind.CLOSED, "The bus is closed; the message to " + channel + " was not sent");
            return false;
        }
        long total = bytes.addAndGet(size);
        if (total > byteLimit && total > size && !waiting.urgent()) {
            bytes.addAndGet(-size);
            refuse(
                    waiting,
                    Kind.OUTBOX_FULL,
                    "The outbox is full: " + byteLimit + " bytes wait for Redis. Send more slowly, or set a larger"
                            + " outbox");
            return false;
        }
        return true;
    }

    private void refuse(Lane.Waiting waiting, Kind kind, String message) {
        TransportException failure = new TransportException(kind, true, message, null);
        if (waiting.sent().mayBlock()) {
            execute(() -> waiting.sent().failed(failure));
        } else {
            waiting.sent().failed(failure);
        }
    }

    /** Runs what may block; on this thread only when the executor has gone. */
    void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException shutDown) {
            task.run();
        }
    }

    /** Called by a lane that has something to send and nothing under way. */
    void ready(Lane lane) {
        ready.add(lane);
        pump();
    }

    /** Gives back the room of a frame. */
    void completed(List<Lane.Waiting> batch) {
        long size = 0;
        for (Lane.Waiting waiting : batch) {
            size += waiting.message().length;
        }
        bytes.addAndGet(-size);
    }

    void close() {
        closed = true;
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
        do {
            while (writes.get() < WRITES_UNDER_WAY && !ready.isEmpty()) {
                write();
            }
            answered = wanted.addAndGet(-answered);
        } while (answered != 0);
    }

    private void write() {
        List<Publication> publications = new ArrayList<>();
        AtomicInteger open = new AtomicInteger();
        Lane lane;
        while (publications.size() < LANES_PER_WRITE && (lane = ready.poll()) != null) {
            Publication next = lane.next();
            publications.add(
                    new Publication(next.channel(), next.frame(), next.counted(), new Counting(open, next.outcome())));
        }
        open.set(publications.size());
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
        public void published(long receivers, boolean exact) {
            if (told.compareAndSet(false, true)) {
                outcome.published(receivers, exact);
                completed();
            }
        }

        @Override
        public void failed(TransportException failure) {
            if (told.compareAndSet(false, true)) {
                outcome.failed(failure);
                completed();
            }
        }

        private void completed() {
            if (open.decrementAndGet() == 0) {
                writes.decrementAndGet();
                pump();
            }
        }
    }
}
