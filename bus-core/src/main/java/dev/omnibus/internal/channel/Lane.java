package dev.omnibus.internal.channel;

import static dev.omnibus.transport.Publication.Outcome.NOT_SEPARATED;

import dev.omnibus.internal.channel.OutboundMessage.ReceiverCount;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A batching queue: the messages of this process to one channel, in order.
 *
 * <p>A message that finds the lane idle is sent at once. While a publication is in flight, messages gather; when it
 * completes, everything that has gathered is sent as one frame. That keeps the order on any transport, and it batches
 * without a timer: the slower the connection, the larger the frames, and an idle lane adds no delay.
 *
 * <p>Where the round trip is long, one frame in flight is too few: there others follow, see {@link SendWindow}.
 *
 * <p>A lane is holding when messages wait in it although nothing is in flight: numbered ones that could not be sent and
 * may wait for the connection. The outbox makes it retry. A lane that is no longer used retires. The outbox remembers
 * its last sequence number for its successor. The state of a lane is in the lane alone. Where there is no memory to
 * make the route or the outbox aware of it, the next check makes up for that: there is one with every heartbeat while
 * the lane is in use.
 */
public final class Lane extends TimingWheel.Entry {

    /** Well below the sizes at which Redis disconnects subscribers, and quick to split for a receiver. */
    private static final int FRAME_BYTES = 256 * 1024;

    /** For how long a count without pattern subscribers is trusted: see {@link ReceiverCount#ANY}. */
    private static final long NO_PATTERN_SUBSCRIBERS_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String channel;
    private final Outbox outbox;
    private final AdmissionControl admission;
    private volatile Route route;
    private volatile boolean unused = true;
    private final ArrayDeque<OutboundMessage> queue = new ArrayDeque<>(1); // guarded by this, like all below
    private final ArrayDeque<Batch> open = new ArrayDeque<>(1); // in flight, or with senders still to be notified
    private @Nullable SequenceNumbers numbers; // null before the first numbered message
    private boolean noPatternSubscribers; // when they were last counted apart from the other receivers
    private long countedExactly;
    private final SendWindow window = new SendWindow();
    private boolean ready; // to be asked for its next publication
    private boolean queued; // by the route, for that
    private long lastHeartbeat; // the index of the last heartbeat in it
    private boolean retired;
    private long lastUse;
    private long accepted;

    public Lane(String channel, Outbox outbox) {
        this.channel = channel;
        this.outbox = outbox;
        this.admission = outbox.admission();
        this.route = outbox.enter(channel);
        this.lastUse = outbox.now();
    }

    /** The budget that its messages take their bytes from. */
    ByteBudget.Share room() {
        return route.room;
    }

    /** Whether no message has been queued yet. */
    boolean isUnused() {
        return unused;
    }

    /**
     * Queues an admitted message, or notifies its sender why not. Returns false if the lane has retired: get a new one.
     */
    public boolean offer(OutboundMessage waiting) {
        boolean refused;
        boolean pump = false;
        boolean noMemory = false;
        synchronized (this) {
            if (retired) {
                return false;
            }
            refused = admission.refuses(waiting) || (holds() && !admission.mayHold(waiting));
            if (!refused) {
                try {
                    if (waiting.numbering != null) {
                        numbers().use(waiting.numbering);
                    }
                    pump = enqueue(waiting, outbox.now());
                } catch (OutOfMemoryError e) {
                    noMemory = true;
                }
            }
        }
        if (refused || noMemory) {
            waiting.release();
            admission.refuse(waiting, noMemory ? outbox.noMemory : admission.unsent(channel));
        } else if (pump) {
            route.pump();
        }
        return true;
    }

    private SequenceNumbers numbers() {
        SequenceNumbers known = numbers;
        if (known == null) {
            known = outbox.numbers(channel);
            numbers = known;
        }
        return known;
    }

    /** Returns true if the route is to be pumped. Guarded by this. */
    private boolean enqueue(OutboundMessage waiting, long now) {
        boolean idle = isIdle();
        boolean wasFull = isFull();
        boolean heartbeat = waiting.kind == OutboundMessage.Kind.HEARTBEAT;
        waiting.accepted(++accepted, now);
        queue.add(waiting);
        window.gather(waiting.message.length);
        lastUse = now;
        if (unused) {
            unused = false;
        }
        outbox.use(this);
        if (heartbeat) {
            lastHeartbeat = accepted;
        }
        if (idle || (!ready && mayFollow())) {
            becomeReady();
        } else if (ready && (heartbeat || (isFull() && !wasFull))) {
            queueUp(); // again, where it is not held up
        } else {
            return false;
        }
        return isUrgent();
    }

    /** Guarded by this. */
    private boolean isIdle() {
        return window.isEmpty() && !ready && queue.isEmpty();
    }

    /** Whether the next publication may be handed over while others are in flight. Guarded by this. */
    private boolean mayFollow() {
        return !window.isEmpty() && window.isOpen(route);
    }

    /** Whether what waits behind others in flight fills a frame. Guarded by this. */
    private boolean isFull() {
        return !window.isEmpty() && (queue.size() >= Frames.MAX_MESSAGES || window.gathered() >= FRAME_BYTES);
    }

    /** Whether the next publication need not wait for its time. Guarded by this. */
    private boolean isUrgent() {
        return window.isEmpty() || isFull() || hasHeartbeat();
    }

    private boolean hasHeartbeat() {
        return !queue.isEmpty() && lastHeartbeat >= queue.element().index();
    }

    /** The route asks it for its next publication when it is pumped, or when that is due. Guarded by this. */
    private void becomeReady() {
        ready = true;
        queueUp();
    }

    /** Guarded by this. */
    private void queueUp() {
        queued = false;
        try {
            if (isUrgent()) {
                route.add(this, hasHeartbeat());
            } else {
                route.addPaced(this);
                route.pumpIn(window.dueIn(outbox.now()));
            }
            queued = true;
        } catch (OutOfMemoryError e) {
            // the next heartbeat makes up for it
        }
    }

    /** In how many nanoseconds its next publication may follow the last one. */
    long dueIn(long now) {
        return window.dueIn(now);
    }

    private boolean holds() {
        return window.isEmpty() && !ready && !queue.isEmpty();
    }

    /**
     * Takes the next publication; null if the lane is no longer ready, as one with a heartbeat is asked twice.
     *
     * @param inOrder whether it is asked on the transport's thread
     */
    @Nullable
    Publication next(boolean inOrder) {
        Batch batch = null;
        try {
            List<byte[]> messages;
            boolean counted;
            synchronized (this) {
                if (!ready) {
                    return null;
                }
                queued = false;
                if (!window.isEmpty() && !(inOrder && mayFollow() && !outbox.hasMoved(channel, route))) {
                    ready = false;
                    return null; // what is in flight makes it ready again
                }
                OutboundMessage first = queue.peek();
                if (first == null || (!admission.isOpen() && !first.urgent())) {
                    ready = false;
                    rest();
                    return null;
                }
                messages = new ArrayList<>();
                Batch taken = new Batch(this);
                open.add(taken);
                taken.handedOver(window.add());
                ready = false;
                batch = taken;
                long now = outbox.now();
                counted = fill(taken, messages, now);
                window.filled(taken, messages.size(), inOrder && !counted, now); // a script may have to be sent again
                if (!queue.isEmpty() && mayFollow()) {
                    becomeReady();
                }
            }
            return new Publication(channel, Frames.join(messages), counted, batch);
        } catch (OutOfMemoryError e) {
            if (batch == null) {
                throw e; // nothing was taken
            }
            finish(batch, 0, NOT_SEPARATED, outbox.noMemory); // or the lane would wait for this frame forever
            return null;
        }
    }

    /** Fills the next frame; returns true if its receivers are to be counted apart from pattern subscribers. */
    private boolean fill(Batch batch, List<byte[]> messages, long now) {
        boolean sureOfAny = noPatternSubscribers && now - countedExactly < NO_PATTERN_SUBSCRIBERS_NANOS;
        boolean counted = false;
        int bytes = 0;
        if (numbers != null) {
            batch.numberBefore(numbers.last());
            batch.countsEveryone(outbox.countsEveryone());
        }
        OutboundMessage first = queue.peek();
        while (first != null
                && messages.size() < Frames.MAX_MESSAGES
                && (admission.isOpen()
                        || first.urgent()) // a message that waits for the connection is not sent along with a marker
                && (messages.isEmpty() || bytes + first.message.length < FRAME_BYTES)) {
            batch.add(first);
            queue.remove();
            if (first.numbering != null) {
                if (messages.isEmpty() && first.kind == OutboundMessage.Kind.NUMBERED) {
                    addDoubtMarker(first.numbering, batch, messages);
                }
                numbers().number(first, first.numbering, batch, now);
            }
            messages.add(first.message);
            bytes += first.message.length;
            counted |= first.count == ReceiverCount.ALL || (first.count == ReceiverCount.ANY && !sureOfAny);
            first = queue.peek();
        }
        batch.frame(bytes);
        return counted;
    }

    /** Guarded by this. */
    private void addDoubtMarker(SequenceNumbers.Format numbering, Batch batch, List<byte[]> messages) {
        OutboundMessage marker = numbers().doubtMarker(numbering);
        if (marker != null) {
            messages.add(marker.message);
            batch.announces(numbers().last());
        }
    }

    /** What is still queued waits for the connection, unless something is in flight. Guarded by this. */
    private void rest() {
        if (window.isEmpty() && !queue.isEmpty()) {
            try {
                outbox.hold(this);
            } catch (OutOfMemoryError e) {
                // the next heartbeat makes up for it
            }
        }
    }

    /**
     * If the lane is holding: retries unless the connection is known to be down, and fails what has waited too long.
     */
    void retry(long now) {
        Batch late = null;
        boolean again;
        synchronized (this) {
            if (!holds()) {
                return;
            }
            OutboundMessage first = queue.peek();
            if (first != null && isLate(first, now)) {
                late = new Batch(this);
                open.add(late);
                restartMarkers(now);
                late.takeFirst(queue, waiting -> isLate(waiting, now));
            }
            again = !queue.isEmpty() && admission.isOpen();
            if (again) {
                becomeReady();
            } else {
                rest();
            }
        }
        if (again) {
            route.pump();
        }
        if (late != null) {
            end(late, false, 0, false, admission.heldInVain(channel));
        }
    }

    /** A marker by itself is not held; the next heartbeat makes another one. */
    private boolean isLate(OutboundMessage waiting, long now) {
        return waiting.urgent() || admission.heldTooLong(waiting, now);
    }

    /** Fails what waits and would be refused now. What is in flight has an outcome of its own. */
    void failRefused() {
        Batch failing = new Batch(this);
        synchronized (this) {
            restartMarkers(outbox.now());
            open.add(failing);
            try {
                failing.take(queue, admission::refuses);
            } finally {
                if (failing.isEmpty()) {
                    open.remove(failing);
                }
            }
        }
        if (!failing.isEmpty()) {
            end(failing, false, 0, false, admission.unsent(channel));
        }
    }

    /** Something may have been lost. Guarded by this. */
    private void restartMarkers(long now) {
        if (numbers != null) {
            numbers.restart(now);
        }
    }

    /**
     * Does what is due: changes to another route, resumes what neither the route nor the outbox knows to be waiting,
     * and sends a sequence marker if the lane is idle and may send one. Returns whether it has sent one.
     */
    boolean check(long now, boolean mayMark) {
        reroute();
        boolean forgotten;
        OutboundMessage marker;
        synchronized (this) {
            forgotten = ready && !queued;
            if (forgotten) {
                queueUp();
            }
            boolean idle = mayMark && isIdle() && !retired && admission.isOpen();
            marker = idle && numbers != null ? numbers.dueMarker(now) : null;
            if (marker != null) {
                enqueue(marker, now);
                admission.admitAnyway(this, marker);
            }
        }
        if (forgotten || marker != null) {
            route.pump();
        }
        retry(now);
        return marker != null;
    }

    /** When it is to be checked next: with the next heartbeat while it is in use, else for its marker or to retire. */
    synchronized long nextCheck(long now) {
        if (!isIdle()) {
            return now;
        }
        return numbers == null || numbers.isSilent(now) ? lastUse + Outbox.UNUSED_NANOS : numbers.markerDue();
    }

    /** Sends a last marker after everything else, unless its number has been announced, or nothing can be sent. */
    void sendLastMarker(long now) {
        boolean pump;
        synchronized (this) {
            boolean hopeless = retired || (isIdle() && !admission.isOpen());
            OutboundMessage marker = hopeless || numbers == null ? null : numbers.lastMarker(!queue.isEmpty(), now);
            if (marker == null || admission.refuses(marker)) {
                return;
            }
            pump = enqueue(marker, now);
            admission.admitAnyway(this, marker);
        }
        if (pump) {
            route.pump();
        }
    }

    /** Changes to another route if the transport has found another server for the channel. */
    void reroute() {
        boolean again;
        synchronized (this) {
            if (retired || !outbox.hasMoved(channel, route)) {
                return;
            }
            Route before = route;
            route = outbox.enter(channel);
            window.rerouted();
            outbox.leave(before);
            again = ready; // there it waits for what the other server does not answer
            if (again) {
                queueUp();
            }
        }
        if (again) {
            route.pump();
        }
    }

    /**
     * Retires the lane if nothing would be forgotten with it, not even that its last number is to be announced. Returns
     * true if it has retired, now or before.
     *
     * @param unusedFor for how long it has to have been idle
     * @param early whether it is enough that the last number was announced once
     */
    synchronized boolean retire(long now, long unusedFor, boolean early) {
        if (retired) {
            return true;
        }
        boolean idle = isIdle() && open.isEmpty() && now - lastUse >= unusedFor;
        if (!idle || !(numbers == null || numbers.isSilent(now) || (early && numbers.isAnnounced()))) {
            return false;
        }
        if (numbers != null && numbers.isHeard()) {
            outbox.remember(channel, numbers.last());
        }
        retired = true;
        outbox.leave(route);
        return true;
    }

    /** How many messages have been queued so far. */
    synchronized long accepted() {
        return accepted;
    }

    String channel() {
        return channel;
    }

    /** Whether the first messages, up to that many, have been sent or have failed, and their senders were notified. */
    synchronized boolean hasSettled(long messages) {
        OutboundMessage first = queue.peek();
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

    /** A publication in flight is to be sent once more; nothing may follow it before it was. */
    synchronized void delayed() {
        window.delayed();
    }

    /** Completes a publication. What may be sent again is put back; the senders of the rest are notified. */
    void finish(Batch batch, long receivers, long patternSubscribers, @Nullable TransportException failure) {
        boolean more = false;
        boolean exact = patternSubscribers != NOT_SEPARATED;
        boolean heard = receivers > 0 || patternSubscribers > 0 || !(batch.countsEveryone() && outbox.countsEveryone());
        Batch unsent;
        synchronized (this) {
            if (exact) {
                noPatternSubscribers = patternSubscribers == 0;
                countedExactly = outbox.now();
            }
            unsent = window.complete(batch, failure);
            if (numbers != null) {
                numbers.complete(batch, heard, window.isEmpty(), failure, failure == null ? 0 : outbox.now());
            }
            if (takeBack(unsent)) {
                rest();
            } else if (!queue.isEmpty() && (window.isEmpty() || (!ready && mayFollow()))) {
                becomeReady();
                more = isUrgent();
            }
        }
        try {
            if (failure == null || !failure.notSent()) {
                end(batch, more, receivers, exact, failure);
            }
        } finally {
            endAll(unsent, more);
        }
        if (failure != null && (unsent != null || !failure.notSent())) {
            outbox.failed(failure);
        }
    }

    /** The oldest one first, each of them also if another one fails for lack of memory. */
    private void endAll(@Nullable Batch unsent, boolean more) {
        if (unsent != null) {
            try {
                endAll(unsent.older(), more);
            } finally {
                end(unsent, more, 0, false, unsent.failure());
            }
        }
    }

    /**
     * Undoes publications that were certainly not sent, the newest one first. Those behind which nothing was sent give
     * their numbers back, as there is nothing that a receiver misses, and what may be held is put back. Of the others,
     * something has arrived that was behind them: they have failed. Returns whether the lane holds. Guarded by this.
     */
    private boolean takeBack(@Nullable Batch unsent) {
        boolean holds = false;
        for (Batch one = unsent; one != null && window.isLast(one); one = one.older()) {
            TransportException failure = one.failure();
            if (numbers != null && one.numberBefore() != Batch.NONE) {
                numbers.takeBack(one.numberBefore());
            }
            if (failure != null && admission.mayHold(failure)) {
                putBack(one);
                holds = true;
            }
        }
        return holds;
    }

    /** What may be held goes back to the head, as it was; what may not, there and in the queue, goes to the batch. */
    private void putBack(Batch batch) {
        try {
            batch.remove(admission::mayHold, queue::addFirst);
            batch.take(queue, waiting -> !admission.mayHold(waiting));
            batch.takeFirst(queue, OutboundMessage::urgent); // a marker by itself is not held
        } catch (OutOfMemoryError e) {
            // what could not be put back fails, and what could not be taken is held
        }
    }

    private void end(Batch batch, boolean more, long receivers, boolean exact, @Nullable TransportException failure) {
        try {
            batch.release();
            if (more) {
                route.pump();
            }
            admission.count(batch, failure == null);
        } finally {
            try {
                batch.notifySenders(admission, receivers, exact, failure);
            } finally {
                synchronized (this) {
                    open.remove(batch);
                }
            }
        }
        outbox.ended(this);
    }
}
