package dev.omnibus.internal.concurrent;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The queue of a mailbox: the items that wait to be handled. Guarded by the mailbox.
 *
 * @param <T> what is queued
 */
interface Backlog<T> {

    /**
     * A batch that one thread has taken out, to handle it.
     *
     * @param <T> what is queued
     */
    final class Share<T> {

        final ArrayDeque<T> items = new ArrayDeque<>();

        int handled; // items of this share
        long size; // bytes of the handled items

        @Nullable
        Object line; // reserved for this share, if order is by key
    }

    void add(T item, @Nullable Object key);

    /** Returns whether nothing waits. */
    boolean isEmpty();

    /** Returns whether something waits that may be handled in parallel to what is being handled. */
    boolean hasTurn();

    /** Moves the next items, at least one, to an empty share. Called only if {@link #hasTurn} is true. */
    void take(Share<T> share);

    /** Puts the rest of a share back to its old place, and releases what the share has reserved. */
    void giveBack(Share<T> share);

    /** Removes the item that has waited longest; null if nothing waits. */
    @Nullable
    T removeOldest();

    /**
     * A FIFO queue.
     *
     * @param <T> what is queued
     */
    final class InOrder<T> implements Backlog<T> {

        private final ArrayDeque<T> queue = new ArrayDeque<>(1); // grows; most mailboxes are idle
        private final int most;

        /** Creates a queue whose shares have at most this many items. */
        InOrder(int most) {
            this.most = most;
        }

        @Override
        public void add(T item, @Nullable Object key) {
            queue.add(item);
        }

        @Override
        public boolean isEmpty() {
            return queue.isEmpty();
        }

        @Override
        public boolean hasTurn() {
            return !queue.isEmpty();
        }

        @Override
        public void take(Share<T> share) {
            while (share.items.size() < most && !queue.isEmpty()) {
                share.items.add(queue.remove());
            }
        }

        @Override
        public void giveBack(Share<T> share) {
            while (!share.items.isEmpty()) {
                queue.addFirst(share.items.removeLast());
            }
        }

        @Override
        public @Nullable T removeOldest() {
            return queue.poll();
        }
    }

    /**
     * A keyed queue: items with equal keys form a line. At most one item of each line is being handled, so a thread
     * never has to wait for another one: it takes from the next line in turn. Lines are served round-robin.
     *
     * @param <T> what is queued
     */
    static final class Keyed<T> implements Backlog<T> {

        /** An item and its line. Compared by identity. */
        private static final class Entry<T> {

            final T item;
            final Line<T> line;

            Entry(T item, Line<T> line) {
                this.item = item;
                this.line = line;
            }
        }

        /** Items with the same key; an item without a key has a line of its own. Compared by identity. */
        private static final class Line<T> {

            final @Nullable Object key;
            final ArrayDeque<Entry<T>> entries = new ArrayDeque<>(1);
            boolean busy;

            Line(@Nullable Object key) {
                this.key = key;
            }
        }

        private final Map<Object, Line<T>> lines = new HashMap<>(); // with a key, waiting or running
        private final Set<Line<T>> turns = new LinkedHashSet<>(); // those that have items waiting and none running
        private final Set<Entry<T>> arrivals = new LinkedHashSet<>(); // all waiting items

        @Override
        public void add(T item, @Nullable Object key) {
            Line<T> line = key == null ? new Line<>(null) : lines.computeIfAbsent(key, Line::new);
            Entry<T> entry = new Entry<>(item, line);
            line.entries.add(entry);
            arrivals.add(entry);
            if (!line.busy) {
                turns.add(line);
            }
        }

        @Override
        public boolean isEmpty() {
            return arrivals.isEmpty();
        }

        @Override
        public boolean hasTurn() {
            return !turns.isEmpty();
        }

        @Override
        public void take(Share<T> share) {
            Line<T> line = turns.iterator().next();
            turns.remove(line);
            Entry<T> entry = line.entries.remove();
            arrivals.remove(entry);
            line.busy = true;
            share.line = line;
            share.items.add(entry.item);
        }

        /** Releases the line. Nothing is left to put back: a share is one item, which has been handled. */
        @Override
        @SuppressWarnings("unchecked") // only take() sets it
        public void giveBack(Share<T> share) {
            Line<T> line = (Line<T>) share.line;
            if (line != null) {
                share.line = null;
                line.busy = false;
                if (line.entries.isEmpty()) {
                    forget(line);
                } else {
                    turns.add(line);
                }
            }
        }

        @Override
        public @Nullable T removeOldest() {
            if (arrivals.isEmpty()) {
                return null;
            }
            Entry<T> oldest = arrivals.iterator().next(); // so also the first of its line
            arrivals.remove(oldest);
            Line<T> line = oldest.line;
            line.entries.remove();
            if (line.entries.isEmpty() && !line.busy) {
                turns.remove(line);
                forget(line);
            }
            return oldest.item;
        }

        private void forget(Line<T> line) {
            if (line.key != null) {
                lines.remove(line.key);
            }
        }
    }
}
