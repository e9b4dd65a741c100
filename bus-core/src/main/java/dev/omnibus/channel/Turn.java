package dev.omnibus.channel;

import java.util.concurrent.TimeUnit;

/**
 * How long a thread goes on without letting others run. Virtual threads are not interrupted by their scheduler: a few
 * mailboxes to which more comes than can be handled would keep all processors for ever. Confined to one thread.
 */
final class Turn {

    private static final long LONGEST_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int ITEMS_PER_LOOK = 16; // at the clock

    private int items;
    private long began;

    /** Called before each item. */
    @SuppressWarnings("ThreadPriorityCheck") // to a virtual thread this is no hint: it goes to the end of the queue
    void letOthers() {
        if (items++ % ITEMS_PER_LOOK != 0) {
            return;
        }
        long now = System.nanoTime();
        if (items == 1) {
            began = now;
        } else if (now - began > LONGEST_NANOS) {
            Thread.yield();
            began = System.nanoTime();
        }
    }
}
