package dev.omnibus.internal.channel;

import static dev.omnibus.transport.Publication.Outcome.NOT_SEPARATED;

import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.TransportException;
import java.util.ArrayList;
import java.util.Deque;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A batch: messages of one lane with one outcome, because they are in one frame or fail together. */
final class Batch implements Publication.Outcome {

    static final long NONE = -1;

    private final Lane lane;
    private final ArrayList<OutboundMessage> messages = new ArrayList<>();
    private long firstIndex = Long.MAX_VALUE;
    private long numberBefore = NONE;
    private boolean countsEveryone;
    private long announced = NONE;
    private int markers;
    private int heartbeats;
    private long position;
    private int frameBytes;
    private @Nullable TransportException failure;
    private @Nullable Batch older;

    Batch(Lane lane) {
        this.lane = lane;
    }

    /** Notes its position among those of its lane that were handed over to the transport. */
    void handedOver(long as) {
        position = as;
    }

    long position() {
        return position;
    }

    /** Notes the size of its frame. */
    void frame(int size) {
        frameBytes = size;
    }

    int frameBytes() {
        return frameBytes;
    }

    /** Notes why it was certainly not sent, until it is known what becomes of it. */
    void unsent(TransportException why) {
        failure = why;
    }

    @Nullable
    TransportException failure() {
        return failure;
    }

    /** Links an older one to it that was not sent either. */
    void before(@Nullable Batch one) {
        older = one;
    }

    @Nullable
    Batch older() {
        return older;
    }

    /** Notes the lane's last number before these messages got theirs. */
    void numberBefore(long number) {
        numberBefore = number;
    }

    /** The lane's last number before those of these messages; {@link #NONE} if they have none. */
    long numberBefore() {
        return numberBefore;
    }

    /** Notes whether a count of 0 meant that nobody received these messages, when they were handed over. */
    void countsEveryone(boolean does) {
        countsEveryone = does;
    }

    boolean countsEveryone() {
        return countsEveryone;
    }

    void add(OutboundMessage waiting) {
        messages.add(waiting);
        firstIndex = Math.min(firstIndex, waiting.index());
        tally(waiting, 1);
    }

    /** Moves all of them from a queue or, for lack of memory, none. */
    void take(Deque<OutboundMessage> queue, Predicate<OutboundMessage> which) {
        messages.ensureCapacity(messages.size() + queue.size());
        for (int i = queue.size(); i > 0; i--) {
            OutboundMessage next = queue.remove();
            if (which.test(next)) {
                add(next);
            } else {
                queue.add(next);
            }
        }
    }

    /** Moves them from the head of a queue; for lack of memory, not all of them. */
    void takeFirst(Deque<OutboundMessage> queue, Predicate<OutboundMessage> which) {
        try {
            OutboundMessage first;
            while ((first = queue.peek()) != null && which.test(first)) {
                add(first);
                queue.remove();
            }
        } catch (OutOfMemoryError e) {
            // the others follow next time
        }
    }

    /** Takes out those that are to be sent again, and gives them to the consumer, last one first. */
    void remove(Predicate<OutboundMessage> which, Consumer<OutboundMessage> again) {
        for (int i = messages.size() - 1; i >= 0; i--) {
            if (which.test(messages.get(i))) {
                OutboundMessage waiting = messages.get(i);
                again.accept(waiting);
                messages.remove(i);
                tally(waiting, -1);
            }
        }
    }

    private void tally(OutboundMessage waiting, int one) {
        markers += waiting.kind == OutboundMessage.Kind.MARKER ? one : 0;
        heartbeats += waiting.kind == OutboundMessage.Kind.HEARTBEAT ? one : 0;
    }

    boolean isEmpty() {
        return messages.isEmpty();
    }

    /** Gives back the bytes that they have taken, in as few steps as there are routes that they were admitted for. */
    void release() {
        ByteBudget.Share from = null;
        long bytes = 0;
        for (OutboundMessage waiting : messages) {
            if (from != null && waiting.room() != from) {
                from.giveBack(bytes);
                bytes = 0;
            }
            from = waiting.room();
            bytes += waiting.weight();
        }
        if (from != null) {
            from.giveBack(bytes);
        }
    }

    int markers() {
        return markers;
    }

    /** How many there are of the layers above: neither markers nor heartbeats. */
    int ordinary() {
        return messages.size() - markers - heartbeats;
    }

    /** The highest number that a marker among them announces; {@link #NONE} without one. */
    long announced() {
        return announced;
    }

    void announces(long number) {
        announced = number;
    }

    /** The index of its first message, also after that was taken out to be sent again. */
    long firstIndex() {
        return firstIndex;
    }

    @Override
    public void published(long receivers, long patternSubscribers) {
        lane.finish(this, receivers, patternSubscribers, null);
    }

    @Override
    public void failed(TransportException failure) {
        lane.finish(this, 0, NOT_SEPARATED, failure);
    }

    @Override
    public void delayed() {
        lane.delayed();
    }

    /** Notifies the senders, on the executor those that may block. */
    void notifySenders(
            AdmissionControl admission, long receivers, boolean exact, @Nullable TransportException failure) {
        try {
            if (notifySenders(false, receivers, exact, failure)) {
                admission.execute(() -> notifySenders(true, receivers, exact, failure));
            }
        } catch (OutOfMemoryError e) { // not even for the task
            notifySenders(true, receivers, exact, failure);
        }
    }

    /** Notifies the senders that may block, or those that do not; returns whether there are others. */
    private boolean notifySenders(
            boolean blocking, long receivers, boolean exact, @Nullable TransportException failure) {
        boolean others = false;
        for (OutboundMessage waiting : messages) {
            if (waiting.sent.mayBlock() != blocking) {
                others = true;
            } else {
                notifySenders(waiting.sent, receivers, exact, failure);
            }
        }
        return others;
    }

    private void notifySenders(SendCallback sent, long receivers, boolean exact, @Nullable TransportException failure) {
        try {
            if (failure == null) {
                sent.sent(receivers, exact);
            } else {
                sent.failed(failure);
            }
        } catch (Throwable t) {
            Mailbox.complain("A sender failed when it was notified of an outcome", t); // not its neighbours
        }
    }
}
