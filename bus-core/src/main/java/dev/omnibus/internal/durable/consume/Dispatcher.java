package dev.omnibus.internal.durable.consume;

import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.Mailbox;
import dev.omnibus.internal.event.OrderingKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A dispatcher: starts the handlers of one consumer, as many at a time as its options allow, one at a time for events
 * with equal keys, and one at a time for suspects. Unlike a {@link Mailbox}, which runs them, it holds a place until a
 * handler's outcome is known, also if that takes longer than the handler itself, and a key until its event is
 * acknowledged or given away. Thread-safe.
 */
public final class Dispatcher<T> {

    private static final Mailbox.Limits UNLIMITED = new Mailbox.Limits(Integer.MAX_VALUE, Long.MAX_VALUE);

    /** Events with one key: the one that has it, and behind it those that wait for it. */
    private static final class Line<T> {

        Held<T> owner;
        final ArrayDeque<Held<T>> waiting = new ArrayDeque<>(0);

        Line(Held<T> owner) {
            this.owner = owner;
        }
    }

    /** The places of handlers, which the consumers of one subscription share: one of each partition. */
    public static final class Places {

        private final int concurrency;
        private final boolean shared;
        private final Set<Dispatcher<?>> waiting = new LinkedHashSet<>(0); // for a place; guarded by this, like all
        private int taken; // also of the dispatchers that share it

        public Places(int concurrency, boolean shared) {
            this.concurrency = concurrency;
            this.shared = shared;
        }
    }

    private final Places places;
    private final Mailbox<Held<T>> mailbox;
    private final ArrayDeque<Held<T>> ready = new ArrayDeque<>(); // guarded by the places, like all below
    private final ArrayDeque<Held<T>> suspects = new ArrayDeque<>(); // ready as well, one after another
    private final Map<OrderingKey, Line<T>> lines = new HashMap<>();
    private @Nullable Held<T> suspect; // the one that was started
    private boolean paused;

    Dispatcher(Executor executor, DelayedExecutor later, Places places, Consumer<Held<T>> start) {
        this.places = places;
        this.mailbox = new Mailbox<>(
                executor, later, places.concurrency, UNLIMITED, any -> 1, (held, next) -> start.accept(held));
    }

    /** Starts one when it is its turn: of its key, and then of all. */
    void add(Held<T> held) {
        synchronized (places) {
            OrderingKey key = held.key;
            Line<T> line = key == null ? null : lines.get(key);
            if (line != null) {
                line.waiting.add(held);
                return;
            }
            if (key != null) {
                lines.put(key, new Line<>(held));
            }
            queueOf(held).add(held);
        }
        start();
    }

    private ArrayDeque<Held<T>> queueOf(Held<T> held) {
        return held.attempts.suspect() ? suspects : ready;
    }

    /** Starts one again, which still has its key. */
    void again(Held<T> held) {
        synchronized (places) {
            queueOf(held).addFirst(held);
        }
        start();
    }

    /** Runs one again that still has its place. */
    void rerun(Held<T> held) {
        mailbox.offer(held);
    }

    /** One that was to be run must not be, as long as nothing of this consumer may be: it gives back its place. */
    void pause(Held<T> held) {
        synchronized (places) {
            places.taken--;
            suspend(held);
            queueOf(held).addFirst(held);
            paused = true;
        }
    }

    /** Ends a pause; with the next {@link #start}, the first ones are started. Returns false if there was none. */
    boolean resume() {
        synchronized (places) {
            boolean was = paused;
            paused = false;
            return was;
        }
    }

    /** A handler has ended, or was not started: with the next {@link #start}, another one may have its place. */
    void left() {
        synchronized (places) {
            places.taken--;
        }
    }

    /** One keeps its key, but is to be started anew: with the next {@link #start}, another suspect may be started. */
    void suspend(Held<T> held) {
        synchronized (places) {
            if (suspect == held) {
                suspect = null;
            }
        }
    }

    /**
     * One is done with, for this node: with the next {@link #start}, the next one with its key may be started. Does
     * nothing if that is known already.
     */
    void release(Held<T> held) {
        synchronized (places) {
            suspend(held);
            OrderingKey key = held.key;
            Line<T> line = key == null ? null : lines.get(key);
            if (line == null) {
                return;
            }
            if (line.owner != held) {
                line.waiting.remove(held);
                return;
            }
            Held<T> next = line.waiting.poll();
            if (next == null) {
                lines.remove(key);
            } else {
                line.owner = next;
                queueOf(next).add(next);
            }
        }
    }

    /** Forgets all that wait, to be released one by one: so none of them is searched for. */
    void forgetWaiting() {
        synchronized (places) {
            ready.clear();
            suspects.clear();
            lines.values().forEach(line -> line.waiting.clear());
        }
    }

    /** Starts those that may be started. To be called without a lock, as the executor may be any. */
    void start() {
        if (places.shared) {
            for (Dispatcher<?> other = waiting(); other != null; other = waiting()) {
                other.startOwn(); // those that have waited come first
            }
        }
        startOwn();
    }

    private @Nullable Dispatcher<?> waiting() {
        synchronized (places) {
            if (places.waiting.isEmpty() || places.taken >= places.concurrency) {
                return null;
            }
            Dispatcher<?> first = places.waiting.iterator().next();
            places.waiting.remove(first);
            return first;
        }
    }

    private void startOwn() {
        List<Held<T>> started = new ArrayList<>(1);
        synchronized (places) {
            for (Held<T> next = next(); next != null; next = next()) {
                places.taken++;
                started.add(next);
            }
        }
        started.forEach(mailbox::offer);
    }

    private @Nullable Held<T> next() {
        if (paused) {
            return null;
        }
        if (places.taken >= places.concurrency) {
            if (places.shared && (!ready.isEmpty() || !suspects.isEmpty())) {
                places.waiting.add(this);
            }
            return null;
        }
        if (suspect == null && !suspects.isEmpty()) {
            suspect = suspects.remove();
            return suspect;
        }
        return ready.poll();
    }

    boolean isHandledHere() {
        return mailbox.isHandledHere();
    }

    CompletableFuture<Void> close() {
        return mailbox.close();
    }

    CompletableFuture<Void> abandon() {
        return mailbox.abandon();
    }
}
