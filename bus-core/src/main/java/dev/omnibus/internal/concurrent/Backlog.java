package dev.omnibus.internal.concurrent;

import java.util.ArrayDeque;
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
}
