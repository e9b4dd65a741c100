package dev.omnibus.channel;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The messages of this process to one channel, in order.
 *
 * <p>At most one publication of a lane is under way. A message that finds the lane idle goes at once. While a
 * publication is under way, messages gather; on its completion everything that has gathered goes as one frame. That
 * keeps the order on any transport, and it batches without a timer: the slower the link, the larger the frames, and an
 * idle lane adds no delay.
 */
final class Lane {

    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    /** A frame stays well below the sizes at which Redis drops its subscribers, and a receiver splits it quickly. */
    private static final int FRAME_MESSAGES = 512;

    private static final int FRAME_BYTES = 256 * 1024;

    private static final long RETIRE_AFTER_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** A message that waits. An urgent one is let in also when the outbox is full. */
    record Waiting(byte[] message, boolean counted, boolean urgent, Sent sent) {}

    private final String channel;
    private final Outbox outbox;
    private final ArrayDeque<Waiting> queue = new ArrayDeque<>(); // guarded by this, like all below
    private boolean underWay;
    private boolean retired;
    private long lastNumber;
    private long lastUse = System.nanoTime();
    private long accepted;
    private long settled; // sent or failed, and told to those who sent them

    Lane(String channel, Outbox outbox) {
        this.channel = channel;
        this.outbox = outbox;
    }

    /**
     * Queues a message that the outbox has let in, with the lane's next number written over so many of its digits, if
     * any: the order of numbers is that of sending. False if the lane has retired: get a new one.
     */
    boolean offer(Waiting waiting, int digitsFrom, int digits) {
        synchronized (this) {
            if (retired) {
                return false;
            }
            if (digits > 0) {
                Frames.number(waiting.message(), digitsFrom, digits, ++lastNumber);
            }
            queue.add(waiting);
            accepted++;
            lastUse = System.nanoTime();
            if (underWay) {
                return true;
            }
            underWay = true;
        }
        outbox.ready(this);
        return true;
    }

    /** Makes the next publication. Called by the outbox, once each time the lane has said that it is ready. */
    Publication next() {
        List<Waiting> batch = new ArrayList<>();
        List<byte[]> messages = new ArrayList<>();
        boolean counted = false;
        synchronized (this) {
            int bytes = 0;
            Waiting first;
            while (messages.size() < FRAME_MESSAGES
                    && (first = queue.peek()) != null
                    && (messages.isEmpty() || bytes + first.message().length < FRAME_BYTES)) {
                queue.remove();
                batch.add(first);
                messages.add(first.message());
                bytes += first.message().length;
                counted |= first.counted();
            }
        }
        return new Publication(channel, Frames.join(messages), counted, new Batch(batch));
    }

    /** Whether nothing has been sent for a while, and nothing would be forgotten with the lane. */
    synchronized boolean retire(long now) {
        retired = !underWay && lastNumber == 0 && now - lastUse > RETIRE_AFTER_NANOS;
        return retired;
    }

    /** How many messages it has taken so far. */
    synchronized long accepted() {
        return accepted;
    }

    /** Whether as many have been sent or have failed, and whoever sent them was told or is being told. */
    synchronized boolean hasSettled(long messages) {
        return settled >= messages;
    }

    private void completed() {
        synchronized (this) {
            if (queue.isEmpty()) {
                underWay = false;
                return;
            }
        }
        outbox.ready(this);
    }

    /** The messages of one frame share its fate. */
    private final class Batch implements Publication.Outcome {

        private final List<Waiting> batch;

        Batch(List<Waiting> batch) {
            this.batch = batch;
        }

        @Override
        public void published(long receivers, boolean exact) {
            finish(receivers, exact, null);
        }

        @Override
        public void failed(TransportException failure) {
            finish(0, false, failure);
        }

        private void finish(long receivers, boolean exact, @Nullable TransportException failure) {
            outbox.completed(batch);
            completed();
            if (tell(false, receivers, exact, failure)) {
                outbox.execute(() -> tell(true, receivers, exact, failure));
            }
            synchronized (Lane.this) {
                settled += batch.size();
            }
        }

        /** Tells those that may block, or those that do not; true if there are others. */
        private boolean tell(boolean blocking, long receivers, boolean exact, @Nullable TransportException failure) {
            boolean others = false;
            for (Waiting waiting : batch) {
                Sent sent = waiting.sent();
                if (sent.mayBlock() != blocking) {
                    others = true;
                } else {
                    tell(sent, receivers, exact, failure);
                }
            }
            return others;
        }

        private void tell(Sent sent, long receivers, boolean exact, @Nullable TransportException failure) {
            try {
                if (failure == null) {
                    sent.sent(receivers, exact);
                } else {
                    sent.failed(failure);
                }
            } catch (Throwable t) {
                LOG.error("Whoever sent a message to {} failed at its outcome", channel, t); // and not its neighbours
            }
        }
    }
}
