package dev.omnibus.internal.concurrent;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The items of a mailbox that wait for their turn. Guarded by the mailbox.
 *
 * @param <T> what is queued
 */
interface Backlog<T> {

    /**
     * What one thread has taken out, to handle it.
     *
     * @param <T> what is queued
     */
    final class Share<T> {

        final ArrayDeque<T> items = new ArrayDeque<>();

        int handled; // of them
        long size; // of those

        @Nullable
        Object line; // which nobody else may take from meanwhile, if it matters
    }

    void add(T item, @Nullable Object key);

    /** Whether nothing waits. */
    boolean isEmpty();

    /** Whether something waits that may be handled beside what is being handled. */
    boolean hasTurn();

    /** Moves what is next to an empty share: at least one item. To be called only if there is a turn. */
    void take(Share<T> share);

    /** What is left of the share waits again, in its old place; what the share kept from others is free. */
    void giveBack(Share<T> share);

    /** Takes out what has waited longest; null if nothing waits. */
    @Nullable
    T removeOldest();

    /**
     * First come, first served.
     *
     * @param <T> what is queued
     */
    final class InOrder<T> implements Backlog<T> {

        private final ArrayDeque<T> queue = new ArrayDeque<>(1); // it grows; most mailboxes are idle
        private final int most;

        /** A share is at most so many items. */
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
     * A backlog in which items with equal keys stand in one line. Of each line at most one item is being handled, so a
     * thread never has to wait for another one: it takes from the line whose turn it is. A line that was served goes
     * behind the others.
     *
     * @param <T> what is queued
     */
    static final class Keyed<T> implements Backlog<T> {

        /** An item in its line. Compared by identity. */
        private static final class Entry<T> {

            final T item;
            final Line<T> line;

            Entry(T item, Line<T> line) {
                this.item = item;
                this.line = line;
            }
        }

        /** Items with the same key; one without a key has a line for itself. Compared by identity. */
        private static final class Line<T> {

            final @Nullable Object key;
            final ArrayDeque<Entry<T>> entries = new ArrayDeque<>(1);
            boolean busy;

            Line(@Nullable Object key) {
                this.key = key;
            }
        }

        private final Map<Object, Line<T>> lines = new HashMap<>(); // those with a key of which something waits or runs
        private final Set<Line<T>> turns = new LinkedHashSet<>(); // those of which something waits and nothing runs
        private final Set<Entry<T>> arrivals = new LinkedHashSet<>(); // everything that waits

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

        /** Nothing of the share is left: it was one item, and that has been handled. */
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
            Entry<T> oldest = arrivals.iterator().next(); // and so the first of its line
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
