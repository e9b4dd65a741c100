package dev.omnibus.internal.durable.consume;

import dev.omnibus.bus.SubscriptionStats;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.internal.durable.log.MeanSize;
import dev.omnibus.transport.StreamId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The window of a consumer: what it has taken and not acknowledged, how much more there is room for, and how far it has
 * read what the server says is its own. Guarded by the consumer.
 */
public final class Window<T> {

    private static final int OVERHEAD = 256;

    private final GroupOptions options;
    private final Handling<T> handling;
    private final Map<StreamId, Held<T>> held = new HashMap<>();
    private final ArrayDeque<Held<T>> handled = new ArrayDeque<>(); // to be acknowledged
    private final ArrayDeque<Held<T>> doubtful = new ArrayDeque<>(); // to be acknowledged one by one
    private long bytes;
    private int reserved;
    private final MeanSize mean = new MeanSize();
    private @Nullable StreamId unseen = StreamId.EARLIEST; // behind it, the server may have some that it has not seen
    private int rereads; // how often that began anew
    private long received;
    private long dropped;

    Window(GroupOptions options, Handling<T> handling) {
        this.options = options;
        this.handling = handling;
    }

    /** How many entries there is room for. */
    int room() {
        int places = options.windowEvents() - held.size() - reserved;
        long left = options.windowBytes() - bytes;
        return places <= 0 || (left <= 0 && !held.isEmpty()) ? 0 : mean.read(places, left);
    }

    /** Keeps room for what was asked for, until it has come. */
    void reserve(int places) {
        reserved += places;
    }

    /** It has come, or does not. */
    void cancel(int places) {
        reserved -= places;
    }

    boolean isEmpty() {
        return held.isEmpty();
    }

    // What comes

    /** Adds one; false if it was known. */
    boolean add(Held<T> one) {
        if (held.putIfAbsent(one.id(), one) != null) {
            return false;
        }
        bytes += weight(one);
        return true;
    }

    private int weight(Held<T> one) {
        return one.bytes() + OVERHEAD;
    }

    /** Counts one that is to be handled. */
    void count(Held<T> one) {
        received++;
        mean.count(weight(one));
    }

    /** What this consumer has according to the server is to be read again. */
    void reread() {
        unseen = StreamId.EARLIEST;
        rereads++;
    }

    /** What to read of that next; null if all of it was seen. */
    @Nullable
    StreamId unseen() {
        return unseen;
    }

    int rereads() {
        return rereads;
    }

    /** Goes on to an entry, unless there is no room for it, or all of it is to be read again. */
    boolean advance(StreamId id, int reread) {
        if (reread != rereads || (room() == 0 && !held.containsKey(id))) {
            return false;
        }
        unseen = id;
        return true;
    }

    /** There are no more. */
    void seen(int reread) {
        if (reread == rereads) {
            unseen = null;
        }
    }

    // What goes

    /** Notes that one is to be acknowledged. */
    void ended(Held<T> one) {
        one.state = Held.State.ENDED;
        (one.doubtful ? doubtful : handled).add(one);
    }

    /** Returns what to acknowledge next: together only what is missing for the same reason, should it be. */
    List<Held<T>> acknowledge() {
        List<Held<T>> next = new ArrayList<>();
        if (!doubtful.isEmpty()) {
            next.add(doubtful.remove());
            return next;
        }
        while (next.size() < MeanSize.MAX_READ
                && !handled.isEmpty()
                && (next.isEmpty() || next.get(0).perhapsAcknowledged == handled.getFirst().perhapsAcknowledged)) {
            next.add(handled.remove());
        }
        return next;
    }

    /** These could not be acknowledged. */
    void putBack(List<Held<T>> some) {
        for (int i = some.size() - 1; i >= 0; i--) {
            (some.get(i).doubtful ? doubtful : handled).addFirst(some.get(i));
        }
    }

    /** Forgets one. While a handler runs with it, it keeps its key. */
    void forget(Held<T> one) {
        if (held.remove(one.id(), one)) {
            bytes -= weight(one);
            boolean running = one.state == Held.State.STARTED;
            one.state = Held.State.GONE;
            if (!running) {
                handling.release(one);
            }
        }
    }

    void forgetAll() {
        handled.clear();
        doubtful.clear();
        forgetIf(one -> true);
        reread();
    }

    /** Forgets what was not started, and doubts the rest. */
    void forgetUnstarted() {
        dropped += forgetIf(one -> one.state == Held.State.WAITING);
        held.values().forEach(one -> one.doubtful = true);
        doubtful.addAll(handled);
        handled.clear();
        reread();
    }

    /** Forgets what need not be acknowledged any more. */
    void forgetEnded() {
        handled.clear();
        doubtful.clear();
        forgetIf(one -> one.state != Held.State.STARTED);
    }

    /** Forgets what is not to be started any more. */
    int forgetWaiting() {
        return forgetIf(one -> one.state == Held.State.WAITING);
    }

    /** Forgets some; all that wait to be started are among them. */
    private int forgetIf(Predicate<Held<T>> which) {
        handling.forgetWaiting();
        List<Held<T>> some = held.values().stream().filter(which).toList();
        some.forEach(this::forget);
        return some.size();
    }

    SubscriptionStats stats() {
        return handling.stats(received, dropped, held.size() - handled.size() - doubtful.size(), bytes);
    }
}
