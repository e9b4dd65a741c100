package dev.omnibus.internal.durable;

import dev.omnibus.internal.concurrent.DelayedExecutor;
import dev.omnibus.internal.concurrent.Mailbox;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * A dispatcher: starts the handlers of one consumer, as many at a time as its options allow, and one at a time for
 * events with equal keys. Unlike a {@link Mailbox}, which runs them, it holds a place until a handler's outcome is
 * known, also if that takes longer than the handler itself, and a key until its event is acknowledged or given away.
 * Thread-safe.
 */
final class Dispatcher<T> {

    private static final Mailbox.Limits UNLIMITED = new Mailbox.Limits(Integer.MAX_VALUE, Long.MAX_VALUE);

    private final int concurrency;
    private final Mailbox<Held<T>> mailbox;
    private final ArrayDeque<Held<T>> ready = new ArrayDeque<>(); // guarded by this, like all below
    private final Map<Object, ArrayDeque<Held<T>>> lines = new HashMap<>(); // behind the one that has the key
    private int active;

    Dispatcher(Executor executor, DelayedExecutor later, int concurrency, Consumer<Held<T>> start) {
        this.concurrency = concurrency;
        this.mailbox =
                new Mailbox<>(executor, later, concurrency, UNLIMITED, any -> 1, (held, next) -> start.accept(held));
    }

    /** Starts one when it is its turn. */
    void add(Held<T> held) {
        synchronized (this) {
            if (held.key != null) {
                ArrayDeque<Held<T>> line = lines.get(held.key);
                if (line != null) {
                    line.add(held);
                    return;
                }
                lines.put(held.key, new ArrayDeque<>(1));
            }
            ready.add(held);
        }
        start();
    }

    /** Starts one again, which still has its key. */
    void again(Held<T> held) {
        synchronized (this) {
            ready.addFirst(held);
        }
        start();
    }

    /** Runs one that was not started when it had its place. */
    void resume(Held<T> held) {
        mailbox.offer(held);
    }

    /** A handler has ended, or was not started: with the next {@link #start}, another one may have its place. */
    synchronized void left() {
        active--;
    }

    /** One is done with, for this node: with the next {@link #start}, the next one with its key may be started. */
    synchronized void release(Held<T> held) {
        Object key = held.key;
        ArrayDeque<Held<T>> line = key == null ? null : lines.get(key);
        if (key == null || held.released || line == null) {
            return;
        }
        held.released = true;
        if (line.remove(held)) {
            return;
        }
        if (line.isEmpty()) {
            lines.remove(key);
        } else {
            ready.add(line.remove());
        }
    }

    /** Starts those that may be started. To be called without a lock, as the executor may be any. */
    void start() {
        List<Held<T>> started = new ArrayList<>(1);
        synchronized (this) {
            while (active < concurrency && !ready.isEmpty()) {
                active++;
                started.add(ready.remove());
            }
        }
        started.forEach(mailbox::offer);
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
