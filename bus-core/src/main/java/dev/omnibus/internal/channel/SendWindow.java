package dev.omnibus.internal.channel;

import dev.omnibus.transport.TransportException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A sliding window: which publications of a lane are in flight, whether another one may follow them, and when.
 *
 * <p>One may follow only where the round trip is long, and only on the transport's thread, which keeps the order. It
 * follows at once if its frame is full, else a moment after the one before it: what is sent within that time costs less
 * in one frame. After a failure or a delay nothing follows until everything in flight is answered, and the last of it
 * was sent; after a change of the route, until everything in flight is answered.
 *
 * <p>What was certainly not sent has no outcome before everything is answered that was in flight with it: it can be
 * sent again in its place only if nothing behind it was sent. Guarded by its lane.
 */
final class SendWindow {

    /** Enough to keep a link of 10 ms busy. */
    private static final int MAX_IN_FLIGHT = 64;

    private static final int MAX_BYTES = 4 * 1024 * 1024;

    private static final long PACE_NANOS = TimeUnit.MICROSECONDS.toNanos(150);

    /** For so many messages in a frame the next one waits as long again, because more are to be expected. */
    private static final int MESSAGES_PER_PACE = 128;

    private int inFlight;
    private int bytes; // in flight
    private int gathered; // bytes that wait, about
    private long handedOver; // so far
    private long lastSent; // the position of the last one that was sent, or may have been
    private boolean ordered; // the last one was handed over on the transport's thread, and to the server of the route
    private boolean careful; // something has failed or is delayed, and is not settled
    private @Nullable Batch unsent; // the newest of those that were certainly not sent
    private volatile long due; // when the next one may follow

    boolean isEmpty() {
        return inFlight == 0;
    }

    /** Whether another one may follow those that are in flight. */
    boolean isOpen(Route route) {
        return ordered && !careful && inFlight < MAX_IN_FLIGHT && bytes < MAX_BYTES && route.isFar();
    }

    /** In how many nanoseconds the next one may follow the last one; may be called by anybody. */
    long dueIn(long now) {
        return Math.max(0, due - now);
    }

    /** Notes how much waits for the next one. */
    void gather(int more) {
        gathered += more;
    }

    int gathered() {
        return gathered;
    }

    /** Notes that one is in flight; returns its position. */
    long add() {
        inFlight++;
        return ++handedOver;
    }

    /**
     * Notes what the last one is.
     *
     * @param inOrder whether it is handed over on the transport's thread, and nothing can have it sent once more
     */
    void filled(Batch batch, int messages, boolean inOrder, long now) {
        bytes += batch.frameBytes();
        gathered = Math.max(0, gathered - batch.frameBytes());
        ordered = inOrder;
        due = now + PACE_NANOS + PACE_NANOS * messages / MESSAGES_PER_PACE;
    }

    /** One that is in flight has to be sent once more, and would be overtaken. */
    void delayed() {
        careful = true;
    }

    /** The next one goes to another server. */
    void rerouted() {
        ordered = false;
    }

    /**
     * Notes an outcome. If nothing is in flight any more, returns the newest of those that were certainly not sent,
     * with the others {@linkplain Batch#older behind it}, and forgets them. Takes no memory.
     */
    @Nullable
    Batch complete(Batch batch, @Nullable TransportException failure) {
        inFlight--;
        bytes -= batch.frameBytes();
        careful = failure != null || (careful && inFlight > 0);
        if (failure == null || !failure.notSent()) {
            lastSent = Math.max(lastSent, batch.position());
        } else {
            batch.unsent(failure);
            insert(batch);
        }
        if (inFlight > 0) {
            return null;
        }
        Batch all = unsent;
        unsent = null;
        return all;
    }

    private void insert(Batch batch) {
        Batch newer = null;
        Batch older = unsent;
        while (older != null && older.position() > batch.position()) {
            newer = older;
            older = older.older();
        }
        batch.before(older);
        if (newer == null) {
            unsent = batch;
        } else {
            newer.before(batch);
        }
    }

    /** Whether nothing was sent behind one that was certainly not sent itself. */
    boolean isLast(Batch batch) {
        return batch.position() > lastSent;
    }
}
