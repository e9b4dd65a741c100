package dev.omnibus.internal.concurrent;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A backlog in which items with equal keys stand in one line. Of each line at most one item is being handled, so a
 * thread never has to wait for another one: it takes from the line whose turn it is. A line that was served goes behind
 * the others.
 *
 * @param <T> what is queued
 */
final class KeyedBacklog<T> implements Backlog<T> {

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
