package dev.omnibus.channel;

import static dev.omnibus.transport.Publication.Outcome.NOT_TOLD_APART;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The messages of this process to one channel, in order.
 *
 * <p>At most one publication of a lane is under way. A message that finds the lane idle goes at once. While a
 * publication is under way, messages gather; on its completion everything that has gathered goes as one frame. That
 * keeps the order on any transport, and it batches without a timer: the slower the link, the larger the frames, and an
 * idle lane adds no delay.
 *
 * <p>A lane holds when messages wait in it though nothing is under way: they are numbered ones that could not be sent
 * and may wait for the link. The outbox has it try again.
 */
final class Lane {

    /** A frame stays well below the sizes at which Redis drops its subscribers, and a receiver splits it quickly. */
    private static final int FRAME_BYTES = 256 * 1024;

    /** So long nobody is thought to look on after nobody did: see {@link Count#ANY}. */
    private static final long UNWATCHED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long RETIRE_AFTER_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final String channel;
    private final Gate gate;
    private final Outbox outbox;
    private final ArrayDeque<Waiting> queue = new ArrayDeque<>(); // guarded by this, like all below
    private final ArrayDeque<Batch> open = new ArrayDeque<>(1); // under way, or being told to those who sent them
    private final Numbers numbers;
    private boolean unwatched; // nobody looked on when the receivers were told apart from onlookers the last time
    private long toldApart;
    private boolean underWay; // or called for by the outbox
    private boolean retired;
    private long lastUse = System.nanoTime();
    private long accepted;

    Lane(String channel, Gate gate, Outbox outbox, long heartbeatNanos) {
        this.channel = channel;
        this.gate = gate;
        this.outbox = outbox;
        this.numbers = new Numbers(heartbeatNanos);
    }

    /**
     * Queues a message that the gate has let in, or tells its sender why not. If it is to be numbered it gets the
     * lane's next number: the order of numbers is that of sending. False if the lane has retired: get a new one.
     */
    boolean offer(Waiting waiting, @Nullable Numbering numbering) {
        boolean refused;
        boolean ready = false;
        synchronized (this) {
            if (retired) {
                return false;
            }
            refused = gate.refuses(waiting) || (holds() && !gate.mayHold(waiting));
            if (!refused) {
                long now = System.nanoTime();
                if (numbering != null) {
                    numbers.give(waiting.message, numbering, now);
                }
                ready = enqueue(waiting, now);
            }
        }
        if (refused) {
            gate.release(waiting.message.length);
            gate.refuse(waiting, gate.unsent(channel));
        } else if (ready) {
            outbox.ready(this);
        }
        return true;
    }

    /** True if the outbox is to be told; guarded by this. */
    private boolean enqueue(Waiting waiting, long now) {
        boolean idle = !underWay && queue.isEmpty();
        waiting.accepted(++accepted, now);
        queue.add(waiting);
        lastUse = now;
        underWay |= idle;
        return idle;
    }

    private boolean holds() {
        return !underWay && !queue.isEmpty();
    }

    /** Makes the next publication, if any. Called by the outbox, once each time the lane has said that it is ready. */
    @Nullable
    Publication next() {
        List<byte[]> messages = new ArrayList<>();
        Batch batch = new Batch(this);
        try {
            boolean counted;
            synchronized (this) {
                Waiting first = queue.peek();
                if (first == null || (!gate.isOpen() && !first.urgent())) {
                    rest();
                    return null;
                }
                open.add(batch);
                counted = fill(batch, messages);
            }
            return new Publication(channel, Frames.join(messages), counted, batch);
        } catch (OutOfMemoryError e) { // or the lane would wait for this frame for ever
            finish(batch, 0, NOT_TOLD_APART, outbox.noMemory);
            return null;
        }
    }

    /** Takes what goes in the next frame; true if its receivers are to be told apart from onlookers. */
    private boolean fill(Batch batch, List<byte[]> messages) {
        boolean sureOfAny = unwatched && System.nanoTime() - toldApart < UNWATCHED_NANOS;
        boolean counted = false;
        int bytes = 0;
        Waiting first = queue.peek();
        while (first != null
                && messages.size() < Frames.MOST_MESSAGES
                && (gate.isOpen() || first.urgent()) // what waits for the link does not go along with a mark
                && (messages.isEmpty() || bytes + first.message.length < FRAME_BYTES)) {
            batch.add(first);
            queue.remove();
            messages.add(first.message);
            bytes += first.message.length;
            counted |= first.count == Count.ALL || (first.count == Count.ANY && !sureOfAny);
            first = queue.peek();
        }
        return counted;
    }

    /** Nothing is under way any more; what is still there waits for the link. Guarded by this. */
    private void rest() {
        underWay = false;
        if (!queue.isEmpty()) {
            outbox.hold(this);
        }
    }

    /** If the lane holds: tries again if the link is not known to be down, and gives up what has waited too long. */
    void retry(long now) {
        Batch late = new Batch(this);
        boolean ready;
        synchronized (this) {
            if (!holds()) {
                return;
            }
            Waiting first;
            while ((first = queue.peek()) != null && (first.urgent() || gate.heldTooLong(first, now))) {
                late.add(queue.remove());
            }
            underWay = !queue.isEmpty() && gate.isOpen();
            ready = underWay;
            if (!ready) {
                rest();
            }
            if (!late.isEmpty()) {
                numbers.restart(now);
                open.add(late);
            }
        }
        if (ready) {
            outbox.ready(this);
        }
        if (!late.isEmpty()) {
            end(late, false, 0, false, gate.heldInVain(channel));
        }
    }

    /** Fails what waits and would be refused now. What is under way has an outcome of its own. */
    void failRefused() {
        Batch failing = new Batch(this);
        synchronized (this) {
            numbers.restart(System.nanoTime());
            take(gate::refuses, failing);
            if (!failing.isEmpty()) {
                open.add(failing);
            }
        }
        if (!failing.isEmpty()) {
            end(failing, false, 0, false, gate.unsent(channel));
        }
    }

    /** Sends a mark if the lane is idle and it is time for one. */
    void tick(long now) {
        synchronized (this) {
            Waiting mark = underWay || !queue.isEmpty() || !gate.isOpen() ? null : numbers.due(now);
            if (mark == null) {
                return;
            }
            gate.admitAnyway(mark);
            enqueue(mark, now);
        }
        outbox.ready(this);
    }

    /** Sends a last mark behind everything, unless its number has been told, or nothing can be sent. */
    void tellLast(long now) {
        boolean ready;
        synchronized (this) {
            boolean idle = !underWay && queue.isEmpty();
            Waiting mark = idle && !gate.isOpen() ? null : numbers.untold(now);
            if (mark == null || gate.refuses(mark)) {
                return;
            }
            gate.admitAnyway(mark);
            ready = enqueue(mark, now);
        }
        if (ready) {
            outbox.ready(this);
        }
    }

    /** Whether nothing has been sent for a while, and nothing would be forgotten with the lane. */
    synchronized boolean retire(long now) {
        retired = !underWay && queue.isEmpty() && numbers.none() && now - lastUse > RETIRE_AFTER_NANOS;
        return retired;
    }

    /** How many messages it has taken so far. */
    synchronized long accepted() {
        return accepted;
    }

    String channel() {
        return channel;
    }

    /** Whether so many, the first ones, have been sent or have failed, and whoever sent them was or is being told. */
    synchronized boolean hasSettled(long messages) {
        Waiting first = queue.peek();
        if (first != null && first.index() <= messages) {
            return false;
        }
        for (Batch batch : open) {
            if (batch.firstIndex() <= messages) {
                return false;
            }
        }
        return true;
    }

    /** A publication is completed. What may be sent once more is put back, the rest is told. */
    void finish(Batch batch, long receivers, long onlookers, @Nullable TransportException failure) {
        boolean more = false;
        boolean exact = onlookers != NOT_TOLD_APART;
        synchronized (this) {
            if (exact) {
                unwatched = onlookers == 0;
                toldApart = System.nanoTime();
            }
            if (failure == null) {
                numbers.told(batch.told());
            } else if (batch.ordinary() > 0 || failure.kind() == Kind.CONNECTION_LOST) {
                numbers.restart(System.nanoTime());
            }
            if (failure != null && gate.mayHold(failure)) {
                putBack(batch);
                rest();
            } else if (queue.isEmpty()) {
                underWay = false;
            } else {
                more = true;
            }
        }
        end(batch, more, receivers, exact, failure);
    }

    /** What may be held goes to the head again, as it was; what may not, there and in the queue, is for the batch. */
    private void putBack(Batch batch) {
        batch.remove(gate::mayHold, queue::addFirst);
        take(waiting -> !gate.mayHold(waiting), batch);
        Waiting first;
        while ((first = queue.peek()) != null && first.urgent()) { // a mark by itself is not held
            batch.add(queue.remove());
        }
    }

    private void take(Predicate<Waiting> which, Batch into) {
        queue.removeIf(waiting -> {
            boolean taken = which.test(waiting);
            if (taken) {
                into.add(waiting);
            }
            return taken;
        });
    }

    private void end(Batch batch, boolean more, long receivers, boolean exact, @Nullable TransportException failure) {
        gate.release(batch.bytes());
        if (more) {
            outbox.ready(this);
        }
        gate.count(batch, failure == null);
        if (batch.tell(false, receivers, exact, failure)) {
            gate.execute(() -> batch.tell(true, receivers, exact, failure));
        }
        synchronized (this) {
            open.remove(batch);
        }
    }
}
