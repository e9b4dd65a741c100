package dev.omnibus.internal.durable.consume;

import dev.omnibus.bus.Event;
import dev.omnibus.durable.Delivery;
import dev.omnibus.durable.Position;
import dev.omnibus.internal.durable.log.Failures;
import dev.omnibus.internal.event.Envelope;
import dev.omnibus.internal.event.OrderingKey;
import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.StreamId;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An event that this node has taken and not acknowledged: how far it is with it. Thread-safe as a {@link Delivery}. */
public final class Held<T> implements Delivery {

    /** How far a node is with an event. */
    enum State {
        /** No handler was started with it, or the last one has failed. */
        WAITING,
        /** A handler was started with it. */
        STARTED,
        /** It has its outcome, and the server is about to be notified. */
        ENDED,
        /** It is not this node's any more. */
        GONE
    }

    private static final Duration MAX_DELAY = Duration.ofDays(365);

    private final String group;
    private final int partition;
    private final StreamEntry entry;
    private final int bytes;
    State state = State.WAITING; // guarded by the consumer, like all below
    Attempts attempts;
    private int localStarts;
    private boolean hasRun; // before the next start
    private volatile boolean mayHaveRun; // as of this start, like the next one
    private volatile int starts = 1;
    boolean doubtful; // its lease had ended after it was started
    boolean perhapsAcknowledged; // there was no answer

    boolean startWritten; // of a suspect, which has its place and is to be run now

    @Nullable
    OrderingKey key; // those with an equal one wait for it

    @Nullable
    Envelope envelope;

    @Nullable
    Event<T> event;

    private volatile @Nullable Duration retryLater;
    private volatile @Nullable String rejected;

    Held(String group, int partition, StreamEntry entry, boolean mayHaveRun) {
        this.group = group;
        this.partition = partition;
        this.entry = entry;
        this.bytes = entry.event() == null ? 0 : entry.event().length;
        this.attempts = entry.attempts();
        this.hasRun = mayHaveRun || entry.repaired() || attempts.hasRun();
    }

    StreamId id() {
        return entry.id();
    }

    StreamEntry entry() {
        return entry;
    }

    int bytes() {
        return bytes;
    }

    /** A handler is being started: forgets what an earlier start has decided. */
    void begin() {
        retryLater = null;
        rejected = null;
        mayHaveRun = hasRun;
        hasRun = true;
        localStarts++;
        starts = Math.max(localStarts, attempts.starts() + attempts.failures() + (attempts.suspect() ? 0 : 1));
    }

    /** Returns whether a handler may have been run with it, here or elsewhere. */
    boolean hasRun() {
        return hasRun;
    }

    @Nullable
    Duration isToRetryLater() {
        return retryLater;
    }

    @Nullable
    String isRejected() {
        return rejected;
    }

    @Override
    public String group() {
        return group;
    }

    @Override
    public Position position() {
        return Failures.position(entry.id(), partition);
    }

    @Override
    public int starts() {
        return starts;
    }

    @Override
    public boolean mayHaveRun() {
        return mayHaveRun;
    }

    @Override
    public void retryLater(Duration delay) {
        if (delay.isNegative() || delay.compareTo(MAX_DELAY) > 0) {
            throw new IllegalArgumentException(
                    "delay is " + delay + "; it must not be negative, nor more than " + MAX_DELAY);
        }
        rejected = null;
        retryLater = delay;
    }

    @Override
    public void reject(String reason) {
        retryLater = null;
        rejected = Objects.requireNonNull(reason, "reason");
    }
}
